"""No callback of Keras's that the checks let through fails in training, whatever argument is set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.checks.callback_values import check_values
from dlcli.config.checks.history_names import history_names
from dlcli.config.checks.modes import with_modes
from dlcli.config.checks.monitors import check_monitors
from dlcli.config.checks.rates import check_rates
from dlcli.config.schema import CompileConfig, FitConfig
from dlcli.config.schema.component import Component
from dlcli.config.validation.components import check_components
from dlcli.errors import DlcliError
from dlcli.training.callbacks import check_callbacks, make_callbacks

DECAY = {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5}}
SCHEDULED: Any = {"SGD": {"learning_rate": DECAY}}
BY_ARGUMENT: dict[str, list[Any]] = {
    "backup_dir": ["b"],
    "filename": ["x.csv"],
    "filepath": ["a", "{epoch}-{val_loss:.1f}", "{epoch}-{batch}", "{learning_rate}"],
    "save_freq": [1, 2, 0, "batch"],
    "schedule": [DECAY],
    "separator": [";", "||", ""],
}
BY_TYPE: dict[str | None, list[Any]] = {
    "boolean": [True, False],
    "integer": [-1, 0, 2],
    "number": [-1.0, 0.0, 0.5, 2.0],
    None: [-1, 0, 1],
}
OTHERS = ("RemoteMonitor", "TensorBoard", "OrbaxCheckpoint")  # of the network, and of packages that may be missing


def cases() -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for entry in catalogue.load().entries("callbacks"):
        if entry.needs_python or entry.name in OTHERS:
            continue
        required = {name: BY_ARGUMENT[name][0] for name in entry.required}
        found.append((entry.name, required))
        for name, argument in entry.arguments.items():
            for value in BY_ARGUMENT.get(name, BY_TYPE.get(argument.type, [])):
                found.append((entry.name, {**required, name: value}))
    return found


@pytest.mark.soak
@pytest.mark.parametrize(("optimizer", "frequency"), [("SGD", 1), (SCHEDULED, 2)], ids=["rate", "schedule"])
@pytest.mark.filterwarnings("ignore")
def test_what_is_let_through_trains(optimizer: Any, frequency: int, tmp_path: Path) -> None:
    import keras

    x = np.ones((8, 1), np.float32)
    compile_ = CompileConfig.model_validate({"optimizer": optimizer, "loss": "mse", "metrics": []})
    fit = FitConfig(epochs=3, validation_freq=frequency)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    start = model.get_weights()
    trained = 0
    for index, (name, arguments) in enumerate(cases()):
        callback = Component(name, arguments)
        history = history_names(compile_, outputs=["out"], validation=True)
        (told,), asked = with_modes([callback], history)
        problems = [
            *asked,
            *check_components({"callbacks": [callback.notation()]}, {}),
            *check_callbacks([callback], [compile_.optimizer]),
            *check_monitors(compile_, [callback], outputs=["out"], validation=True, fit=fit)[0],
            *check_rates([callback], compile_.optimizer),
            *check_values([callback]),
        ]
        if problems:
            continue
        (tmp_path / str(index)).mkdir()
        try:
            made = make_callbacks([told], tmp_path / str(index), code={})
        except DlcliError:
            continue  # Keras refuses it when it is made, which is before training too
        model.set_weights(start)
        rate = 0.1 if optimizer == "SGD" else keras.optimizers.schedules.CosineDecay(**DECAY["CosineDecay"])
        model.compile(keras.optimizers.SGD(rate), "mse", run_eagerly=True)
        options = {"batch_size": 2, "epochs": 3, "validation_freq": frequency, "verbose": 0}
        model.fit(x, x * 2, validation_data=(x, x * 2), callbacks=made, **options)
        trained += 1
    assert trained > 20
