"""A loss that is NaN or infinite ends the training with its causes; what was good before stays, and is the best."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import dlcli
from dlcli.errors import ModelError
from dlcli.runs.layout import RunDirectory
from dlcli.training.events import Event, Notice
from dlcli.training.guards import finite
from dlcli.training.guards.finite import guard_best

CODE = """
import keras


class Undefined(keras.metrics.Metric):
    \"\"\"NaN in every second epoch, the first included, and then better from epoch to epoch.\"\"\"

    def __init__(self, name="undefined", **kwargs):
        super().__init__(name=name, **kwargs)
        self._direction = "up"
        self.epochs = self.add_weight(shape=(), initializer="zeros", name="epochs")

    def update_state(self, y_true, y_pred, sample_weight=None):
        pass

    def result(self):
        even = keras.ops.equal(keras.ops.mod(self.epochs, 2.0), 0.0)
        return keras.ops.where(even, float("nan"), self.epochs)

    def reset_state(self):
        self.epochs.assign_add(0.5)


class Trap(keras.layers.Layer):
    \"\"\"NaN for the numbers that only the rows of a validation have.\"\"\"

    def call(self, x):
        return keras.ops.where(x > 50.0, keras.ops.log(-x), x)

    def compute_output_shape(self, shape):
        return shape
"""

GROWING = {"ExponentialDecay": {"initial_learning_rate": 1e-4, "decay_steps": 7, "decay_rate": 1e4}}
"""A rate that grows ten thousandfold an epoch."""


def job(folder: Path, *, rate: Any = GROWING, layers: list[Any] | None = None, **sections: Any) -> dict[str, Any]:
    """A line through 100 points, 70 of which are learnt in 7 batches; sections of the config are merged."""
    (folder / "own.py").write_text(CODE)
    x = np.arange(100) / 50.0 - 1.0
    np.savez(folder / "rows.npz", x=x, y=3 * x)
    plain = {"type": "number", "scale": "none"}
    config: dict[str, Any] = {
        "seed": 1,
        "data": {
            "train": str(folder / "rows.npz"),
            "validation": 0.3,
            "target": {"y": plain},
            "features": {"x": plain},
            "batch_size": 10,
        },
        "model": {"layers": layers or [{"Dense": {"units": 1}}]},
        "compile": {"loss": "mse", "optimizer": {"SGD": {"learning_rate": rate}}},
        "report": False,
        "fit": {"epochs": 30},
    }
    for name, value in sections.items():
        config[name] = {**config[name], **value} if isinstance(value, dict) and name in config else value
    return config


class Told:
    """The rules of what a job tells."""

    def __init__(self) -> None:
        self.rules: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.rules.append(event.problem.rule)


def failed(config: dict[str, Any], run: Path, told: Told | None = None) -> str:
    """What is said of a job that ends so, in all; its record says the same."""
    with pytest.raises(ModelError) as error:
        dlcli.train(config, run_dir=run, listener=told)
    (problem,) = error.value.problems
    assert problem.rule == "loss-not-finite"
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "failed"
    assert problem.message in record["error"]
    return f"{problem.message} -> {problem.hint}"


def losses(file: Path) -> list[float]:
    """The rows of a history."""
    return [float(line.split(",")[3]) for line in (file / "history.csv").read_text().splitlines()[1:]]


@pytest.mark.parametrize("execution", ["step", "graph", "xla"])
def test_what_was_good_before_stays(execution: str, tmp_path: Path) -> None:
    told = Told()
    callbacks = [
        {"ModelCheckpoint": {"filepath": "{epoch:02d}.keras"}},
        {"ModelCheckpoint": {"filepath": "last.keras"}},
        {"ModelCheckpoint": {"filepath": "best.weights.h5", "save_best_only": True, "save_weights_only": True}},
        {"EarlyStopping": {"patience": 30, "restore_best_weights": True}},
        "TerminateOnNaN",
    ]
    config = job(tmp_path, callbacks=callbacks, runtime={"execution": execution})
    said = failed(config, tmp_path / "run", told)
    found = losses(tmp_path / "run")
    assert not math.isfinite(found[-1])
    assert all(map(math.isfinite, found[:-1]))
    assert f"in epoch {len(found)}" in said
    assert "lower the learning rate, which is " in said
    assert json.loads((tmp_path / "run" / "run.json").read_text())["epochs"] == len(found)
    for file in (tmp_path / "run" / "checkpoints").glob("*.keras"):
        model = keras.models.load_model(file, compile=False)
        assert all(np.isfinite(weight).all() for weight in model.get_weights()), file.name
    assert not (tmp_path / "run" / "checkpoints" / f"{len(found):02d}.keras").exists()
    assert (tmp_path / "run" / "checkpoints" / "best.weights.h5").exists()
    assert told.rules[-2:] == ["weights-not-kept", "weights-kept"]
    evaluated = dlcli.evaluate(tmp_path / "run", split="validation")
    assert math.isfinite(evaluated.metrics["loss"])


def test_without_a_copy_nothing_is_kept(tmp_path: Path) -> None:
    told = Told()
    failed(job(tmp_path, rate=1e30), tmp_path / "run", told)
    assert told.rules[-1] == "weights-not-kept"
    assert not RunDirectory(tmp_path / "run").trained.exists()
    assert dlcli.Run(tmp_path / "run").status == "failed"


def test_weights_that_the_last_update_ruins_are_not_saved(tmp_path: Path) -> None:
    """All rows in one batch: the loss is that of the first weights, and there is no validation that tells."""
    data = {"batch_size": "full", "validation": None}
    config = job(tmp_path, rate=3e38, fit={"epochs": 1}, data=data)
    del config["data"]["validation"]
    config["data"]["train"] = str(tmp_path / "large.npz")
    np.savez(tmp_path / "large.npz", x=np.arange(9) * 1e3, y=np.arange(9) * 1e3)
    assert "weights became" in failed(config, tmp_path / "run")
    config["callbacks"] = [{"ModelCheckpoint": {"filepath": "a.keras", "monitor": "loss", "save_best_only": True}}]
    assert "weights became" in failed(config, tmp_path / "again")
    assert list((tmp_path / "again" / "checkpoints").iterdir()) == []


def test_a_validation_loss_counts_and_the_weights_are_kept(tmp_path: Path) -> None:
    np.savez(tmp_path / "far.npz", x=np.full(5, 60.0), y=np.ones(5))
    config = job(
        tmp_path,
        rate=0.01,
        layers=["Trap", {"Dense": {"units": 1}}],
        data={"validation": str(tmp_path / "far.npz")},
        code=[str(tmp_path / "own.py")],
    )
    told = Told()
    said = failed(config, tmp_path / "run", told)
    assert "val_loss became nan in epoch 1 -> see what the validation split holds" in said
    assert "own.py" in said
    assert told.rules[-1] == "weights-kept"
    assert RunDirectory(tmp_path / "run").trained.exists()


def test_a_monitored_metric_that_is_not_a_number_is_not_the_best(tmp_path: Path) -> None:
    config = job(
        tmp_path,
        rate=0.01,
        fit={"epochs": 6},
        compile={"metrics": ["Undefined"]},
        code=[str(tmp_path / "own.py")],
        callbacks=[
            {"ModelCheckpoint": {"filepath": "{epoch:02d}.keras", "monitor": "undefined", "save_best_only": True}},
            {"EarlyStopping": {"monitor": "undefined", "patience": 6, "restore_best_weights": True}},
        ],
    )
    run = dlcli.train(config, run_dir=tmp_path / "run")
    numbers = run.history["undefined"]
    best = max(number for number in numbers if math.isfinite(number))
    assert any(map(math.isnan, numbers))
    saved = sorted(int(file.stem) for file in (run.path / "checkpoints").glob("*.keras"))
    assert saved
    assert all(math.isfinite(numbers[epoch - 1]) for epoch in saved)
    assert numbers[run.model_epoch - 1] == best


def test_a_long_epoch_is_left_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finite, "LOOK_SECONDS", 0.0)
    failed(job(tmp_path, rate=1e30, runtime={"execution": "step"}), tmp_path / "run")
    assert not (tmp_path / "run" / "history.csv").exists()
    assert dlcli.Run(tmp_path / "run").epochs == 0


@pytest.mark.parametrize(
    ("bad", "mode"),
    [
        (math.nan, "min"),
        (-math.inf, "min"),
        (math.inf, "max"),
        # What is no better than any number, and the other direction of what is no number.
        *(
            pytest.param(*each, marks=pytest.mark.soak)
            for each in ((math.nan, "max"), (math.inf, "min"), (-math.inf, "max"))
        ),
    ],
)
def test_no_callback_takes_it_for_the_best(mode: str, bad: float) -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(loss="mse", metrics=["mae"])
    model.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0)
    good = 0.5
    for callback in (
        keras.callbacks.EarlyStopping(monitor="mae", mode=mode, patience=9, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau(monitor="mae", mode=mode),
        keras.callbacks.ModelCheckpoint("never.keras", monitor="mae", mode=mode, save_best_only=True),
    ):
        guard_best(callback)
        callback.set_model(model)
        if hasattr(callback, "on_train_begin"):
            callback.on_train_begin()
        logs: dict[str, Any] = {"mae": bad}
        for epoch in range(3):
            callback.on_epoch_end(epoch, logs)
        assert logs["mae"] is bad
        if isinstance(callback, keras.callbacks.ModelCheckpoint):
            assert callback.best is None
        else:
            callback.on_epoch_end(3, {"mae": good})
            assert callback.best == good
