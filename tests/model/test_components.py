"""Components become Keras objects: every kind of the catalogue, identifiers, schedules and the user's own."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from dlcli.backend import startup
from dlcli.config.catalogue.entries import KERAS_KINDS, load
from dlcli.config.schema.component import Component
from dlcli.errors import ModelError
from dlcli.model.components import make


def made(kind: str, value: Any, code: dict[str, object] | None = None) -> Any:
    return make(kind, Component.parse(value), code=code or {}, path=("here",))


NEEDED: dict[str, dict[str, Any]] = {
    "ModelCheckpoint": {"filepath": "x.keras"},
    "OrbaxCheckpoint": {"directory": "x"},
    "BackupAndRestore": {"backup_dir": "x"},
    "CSVLogger": {"filename": "x.csv"},
    "LearningRateScheduler": {
        "schedule": {"ExponentialDecay": {"initial_learning_rate": 1, "decay_steps": 2, "decay_rate": 0.5}}
    },
    "LossScaleOptimizer": {"inner_optimizer": "adam"},
    "MeanIoU": {"num_classes": 3},
    "OneHotMeanIoU": {"num_classes": 3},
    "IoU": {"num_classes": 3, "target_class_ids": [0]},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0]},
    "Pinball": {"quantiles": [0.1, 0.9]},
    "CosineLog": {"learning_rate": 0.1, "steps": 9},
    "FlatCosine": {"value": 0.1, "steps": 9},
    "PiecewiseConstantDecay": {"boundaries": [2, 4], "values": [1.0, 0.5, 0.1]},
}

FITTING: dict[str, Any] = {
    "initial_learning_rate": 0.1,
    "decay_steps": 10,
    "decay_rate": 0.5,
    "first_decay_steps": 10,
    "recall": 0.5,
    "precision": 0.5,
    "sensitivity": 0.5,
    "specificity": 0.5,
}

ABSENT = {"OrbaxCheckpoint": "needs orbax", "STFT": "needs scipy", "STFTInitializer": "needs scipy"}

OTHERS = [kind for kind in KERAS_KINDS if kind not in ("layers", "applications", "activations")]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, entry.name)
        for kind in OTHERS
        for entry in load().entries(kind)
        if entry.usable and entry.name not in ABSENT
    ],
)
def test_every_component_of_the_catalogue_can_be_made(kind: str, name: str) -> None:
    entry = load().get(kind, name)
    assert entry is not None
    arguments = {argument: FITTING[argument] for argument in entry.required if argument in FITTING} | NEEDED.get(
        name, {}
    )
    found = made(kind, {name: arguments})
    assert found == name if entry.shorthand else type(found).__name__ == name or found == "accuracy"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind in ("losses", "metrics")
        for name in load().identifiers(kind)
        if (entry := load().get(kind, name)) is not None and not entry.own
    ],
)
def test_every_identifier_is_one_that_keras_takes(kind: str, name: str) -> None:
    entry = load().get(kind, name)
    assert entry is not None
    if entry.required or not entry.usable or entry.shorthand or name == "Accuracy":
        return
    found = made(kind, name)
    if isinstance(found, str):
        assert getattr(startup.load(), kind).get(found) is not None
    elif inspect.isfunction(found):
        assert found.__name__ == name
    else:
        assert type(found).__name__ == entry.name


@pytest.mark.parametrize("name", load().identifiers("activations"))
def test_every_activation_works_in_a_layer(name: str) -> None:
    keras = startup.load()
    entry = load().get("activations", name)
    assert entry is not None
    if entry.required or name == "Activation":
        return
    layer = made("layers", {"Dense": {"units": 4, "activation": name}})
    assert layer(keras.Input((3,))).shape[0] is None


def test_identifiers_in_any_notation_make_optimizers() -> None:
    for name in ("adam", "Adam", "ADAM"):
        assert type(made("optimizers", name)).__name__ == "Adam"


def test_a_schedule_inside_an_optimizer() -> None:
    decay = {"ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.9}}
    optimizer = made("optimizers", {"SGD": {"learning_rate": decay, "momentum": 0.9}})
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    assert optimizer.momentum == 0.9


def test_a_schedule_by_the_epoch() -> None:
    decay = {"ExponentialDecay": {"initial_learning_rate": 1.0, "decay_steps": 1, "decay_rate": 0.5}}
    callback = made("callbacks", {"LearningRateScheduler": {"schedule": decay}})
    assert [callback.schedule(epoch, 7.0) for epoch in range(3)] == [1.0, 0.5, 0.25]
    assert type(callback.schedule(0)) is float


def test_activations_with_arguments() -> None:
    assert type(made("activations", {"relu": {"max_value": 6}})).__name__ == "ReLU"
    gelu = made("activations", {"gelu": {"approximate": True}})
    assert gelu.__name__ == "gelu"
    exact = made("activations", {"gelu": {"approximate": False}})
    assert float(gelu(0.7)) != float(exact(0.7))
    assert type(made("activations", "PReLU")).__name__ == "PReLU"


def test_the_users_own_names_come_first() -> None:
    keras = startup.load()

    class Dense(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, units: int, kernel_initializer: Any = None, note: Any = None, **others: Any) -> None:
            super().__init__(**others)
            self.units, self.initializer, self.note = units, kernel_initializer, note

    def relu(x: Any) -> Any:
        return x

    def scaled(y_true: Any, y_pred: Any, factor: float = 1.0) -> float:
        return factor

    code: dict[str, object] = {"Dense": Dense, "relu": relu, "scaled": scaled}
    layer = made(
        "layers", {"Dense": {"units": 3, "kernel_initializer": {"HeNormal": {"seed": 1}}, "note": {"a": 1}}}, code
    )
    assert type(layer) is Dense
    assert type(layer.initializer).__name__ == "HeNormal"
    assert layer.note == {"a": 1}
    assert made("layers", {"Conv1D": {"filters": 1, "kernel_size": [3], "activation": "relu"}}, code).activation is relu
    assert made("losses", "scaled", code) is scaled
    bound = made("losses", {"scaled": {"factor": 4.0}}, code)
    assert (bound.__name__, bound(0, 0)) == ("scaled", 4.0)
    assert made("layers", {"Lambda": {"function": "relu"}}, code).function is relu


FAULTS: dict[str, tuple[str, Any, str, str]] = {
    "learning rate": ("optimizers", {"SGD": {"learning_rate": "fast"}}, "here.SGD.learning_rate", "'fast'"),
    "schedule": (
        "optimizers",
        {"SGD": {"learning_rate": {"ExponentialDecay": {"initial_learning_rate": 1, "decay_steps": 3}}}},
        "here.SGD.learning_rate.ExponentialDecay",
        "needs the argument 'decay_rate'",
    ),
    "curve": ("metrics", {"AUC": {"curve": "x"}}, "here.AUC.curve", "curve"),
    "loss": ("losses", "cross_entropy", "here", "unknown loss 'cross_entropy'"),
    "two keys": (
        "layers",
        {"Dense": {"units": 1, "kernel_regularizer": {"L1": {}, "L2": {}}}},
        "here.Dense.kernel_regularizer",
        "2 keys",
    ),
    "callback": ("callbacks", {"EarlyStoping": {}}, "here", "unknown callback"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults(case: str) -> None:
    kind, value, path, message = FAULTS[case]
    with pytest.raises(ModelError) as raised:
        made(kind, value)
    (problem,) = raised.value.problems
    assert problem.path == path
    assert message in problem.message


def test_all_faults_of_a_component_at_once() -> None:
    value = {
        "Dense": {
            "units": 3,
            "activation": "rleu",
            "kernel_regularizer": {"L2": {"l3": 1}},
            "bias_initializer": "zeroes",
        }
    }
    with pytest.raises(ModelError) as raised:
        made("layers", value)
    assert [problem.path for problem in raised.value.problems] == [
        "here.Dense.activation",
        "here.Dense.kernel_regularizer.L2.l3",
        "here.Dense.bias_initializer",
    ]


@pytest.mark.parametrize(
    ("inner", "rule"),
    [
        ({"TFSMLayer": {"filepath": "model"}}, "reaches-out"),
        ({"StringLookup": {"vocabulary": "/etc/hostname"}}, "reaches-out"),
        ({"Masking": {"mask_value": {"class_name": "X", "module": "x", "config": {"a": 1}}}}, "reaches-out"),
    ],
)
def test_an_own_class_is_handed_nothing_that_reaches_outside(inner: Any, rule: str) -> None:
    class Holder:
        """Takes another layer; `check` does not know what is in its arguments."""

        def __init__(self, layer: Any) -> None:
            self.layer = layer

    with pytest.raises(ModelError) as caught:
        made("layers", {"Holder": {"layer": inner}}, {"Holder": Holder})
    assert [problem.rule for problem in caught.value.problems] == [rule]
