"""Many epochs in one call are the epochs that they are one by one: the same History, weights, and stops."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import dlcli
from dlcli.backend.epochs import loop
from dlcli.runs.run import Run

pytestmark = pytest.mark.tensorflow

DENSE: list[Any] = [
    {"Dense": {"units": 6, "activation": "gelu", "kernel_regularizer": {"L1L2": {"l1": 0.001, "l2": 0.01}}}},
    "BatchNormalization",
    {"Dropout": {"rate": 0.3}},
    {"GaussianNoise": {"stddev": 0.1}},
    {"Dense": {"units": 1}},
]

PLAIN: list[Any] = [{"Dense": {"units": 6}}, {"Dropout": {"rate": 0.3}}, {"Dense": {"units": 1}}]

STEPS: list[Any] = [{"Reshape": {"target_shape": [2, 1]}}, {"LSTM": {"units": 3}}, {"Dense": {"units": 1}}]

ADAM = {"AdamW": {"learning_rate": 0.01, "weight_decay": 0.1, "beta_1": 0.8}}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("data") / "table.csv"
    a, b = np.random.default_rng(1).normal(size=(2, 50))
    rows = [f"{x:.3f},{y:.3f},{3 * x - y:.3f}" for x, y in zip(a, b, strict=True)]
    file.write_text("a,b,y\n" + "\n".join(rows) + "\n")
    return file


def config(table: Path, layers: list[Any] = DENSE, **sections: Any) -> dict[str, Any]:
    return {
        "data": {"train": str(table), "validation": 0.3, "target": "y", "batch_size": 8, **sections.pop("data", {})},
        "model": {"layers": layers},
        "compile": {"optimizer": sections.pop("optimizer", ADAM), "loss": "mse", "metrics": ["mae"]},
        "fit": {"epochs": 6},
        "runtime": {"execution": sections.pop("execution", "graph")},
        "report": False,
        "checkpoint": {"every": 100},  # none by the clock: the epochs until there would be trained again
        **sections,
    }


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many epochs each call was to train."""
    from dlcli.backend.epochs.program import EpochProgram

    found: list[int] = []
    run = EpochProgram.run

    def watched(self: EpochProgram, first: int, count: int) -> Any:
        found.append(count)
        return run(self, first, count)

    monkeypatch.setattr(EpochProgram, "run", watched)
    return found


def weights(run: Run) -> list[Any]:
    import keras

    return keras.saving.load_model(run.path / "model.keras").get_weights()  # type: ignore[no-any-return]


def assert_same(one: Run, other: Run, tolerance: float = 0.0) -> None:
    assert one.history.keys() == other.history.keys()
    for name, values in one.history.items():
        np.testing.assert_allclose(values, other.history[name], rtol=tolerance, atol=tolerance, err_msg=name)
    for left, right in zip(weights(one), weights(other), strict=True):
        np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance)


def one_by_one(monkeypatch: pytest.MonkeyPatch, *, by_keras: bool = False) -> None:
    """Let the next trainings tell each epoch before they train another; or let Keras's `fit` train them."""
    if by_keras:
        monkeypatch.setattr("dlcli.training.fit.by_whole_epochs", lambda *_, **__: False)
    monkeypatch.setattr("dlcli.training.fit.at_most", lambda *_, **__: lambda done: 1)


@pytest.mark.parametrize(
    ("layers", "sections"),
    [
        (DENSE, {}),
        pytest.param(DENSE, {"execution": "xla"}, marks=pytest.mark.soak),
        pytest.param(
            STEPS,
            {"optimizer": {"SGD": {"learning_rate": 0.1, "momentum": 0.5, "weight_decay": 0.01}}},
            marks=pytest.mark.soak,
        ),
        pytest.param(STEPS, {"data": {"batch_size": 64}, "optimizer": "rmsprop"}, marks=pytest.mark.soak),
        pytest.param(DENSE, {"data": {"batch_size": 5, "drop_last": True, "shuffle": False}}, marks=pytest.mark.soak),
    ],
)
def test_they_are_those_of_keras(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[int], layers: Any, sections: Any
) -> None:
    said = config(table, layers, **sections)
    together = dlcli.train(said, run_dir=tmp_path / "together")
    assert calls == [6]
    one_by_one(monkeypatch, by_keras=True)
    assert_same(together, dlcli.train(said, run_dir=tmp_path / "keras"), tolerance=2e-5)
    assert calls == [6]


ZIGZAG = {"learning_rate": 0.02, "momentum": 0.8}
"""With which epochs get better and worse in turn."""


@pytest.mark.parametrize(
    "keeping",
    [
        {"KeepBest": {"monitor": "val_mae", "mode": "min"}},
        pytest.param({"KeepBest": {"monitor": "loss", "mode": "max"}}, marks=pytest.mark.soak),
        pytest.param(
            {"EarlyStopping": {"monitor": "val_loss", "min_delta": 0.01, "patience": 3, "restore_best_weights": True}},
            marks=pytest.mark.soak,
        ),
        pytest.param(
            {"EarlyStopping": {"monitor": "val_loss", "start_from_epoch": 2, "restore_best_weights": True}},
            marks=pytest.mark.soak,
        ),
    ],
)
def test_the_best_epoch_is_the_one_that_the_callback_would_take_and_of_a_resumed_training_too(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[int], keeping: Any
) -> None:
    said = config(table, optimizer={"SGD": ZIGZAG}, callbacks=[keeping], fit={"epochs": 12}, checkpoint={"every": 5})
    together = dlcli.train(said, run_dir=tmp_path / "together")
    assert calls[0] == (1 if "start_from_epoch" in keeping.get("EarlyStopping", ()) else 5)
    shorter = dlcli.train({**said, "fit": {"epochs": 4}}, run_dir=tmp_path / "resumed")
    assert shorter.record["epochs"] == 4
    resumed = dlcli.train(resume=tmp_path / "resumed", overrides={"fit.epochs": 12})
    assert resumed.record["model_epoch"] == together.record["model_epoch"]
    assert "callback-state" not in json.dumps(resumed.record["findings"]), "nothing that it knows is lost"
    monkeypatch.setattr("dlcli.training.fit.keeper_of", lambda callbacks: None)
    one_by_one(monkeypatch)
    looked_at = dlcli.train(said, run_dir=tmp_path / "looked_at")
    assert together.record["model_epoch"] == looked_at.record["model_epoch"]
    assert_same(together, looked_at)
    assert_same(together, resumed)


BRANCHES: list[tuple[str, Any]] = [
    ("float32", ADAM),
    ("float32", {"Adam": {"learning_rate": 0.01, "gradient_accumulation_steps": 2}}),
    ("float32", {"Adam": {"learning_rate": 0.01, "use_ema": True, "ema_overwrite_frequency": 3}}),
    ("mixed_float16", ADAM),
]
"""Precisions and optimizers: of all but the first an update has branches."""


@pytest.mark.parametrize(
    "branches", [BRANCHES[:2], pytest.param(BRANCHES[2:], marks=pytest.mark.soak)], ids=["one", "others"]
)
def test_with_one_thread_of_tensorflow_it_comes_to_its_end(
    branches: list[tuple[str, Any]], table: Path, tmp_path: Path
) -> None:
    """A machine of one core has one; and a branch of an operation that waits for it needs another."""
    jobs = [config(table, optimizer=optimizer, callbacks=[{"KeepBest": {}}]) for _, optimizer in branches]
    for job, (precision, _) in zip(jobs, branches, strict=True):
        job["runtime"]["precision"] = precision
    script = "import json, sys, dlcli\nfor job in json.load(sys.stdin): print(dlcli.train(job).record['epochs'])"
    environment = {**os.environ, "TF_NUM_INTEROP_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    assert done.stdout.split() == ["6"] * len(branches)


def losing_patience(best: bool) -> dict[str, Any]:
    return {"EarlyStopping": {"monitor": "val_loss", "patience": 1, "min_delta": 9.0, "restore_best_weights": best}}


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        pytest.param({"callbacks": [losing_patience(best=False)]}, [6, 2], marks=pytest.mark.soak),
        ({"callbacks": [losing_patience(best=True), {"CSVLogger": {"filename": "log.csv"}}]}, [6, 2]),
        ({"checkpoint": {"every": 4, "keep": 2}}, [4, 2]),
        ({"callbacks": [{"ReduceLROnPlateau": {"patience": 1, "min_delta": 9.0}}]}, [1] * 6),
    ],
)
def test_who_needs_the_model_between_two_has_it(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[int], sections: Any, expected: list[int]
) -> None:
    together = dlcli.train(config(table, PLAIN, **sections), run_dir=tmp_path / "together")
    assert calls == expected
    if expected != [1] * 6:
        one_by_one(monkeypatch)
        assert_same(together, dlcli.train(config(table, PLAIN, **sections), run_dir=tmp_path / "one"))


def test_who_stops_it_has_the_model_of_that_epoch_and_goes_on_from_it(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[int]
) -> None:
    import os
    import signal

    from dlcli.training.events import EpochEnded

    def stop(at: int) -> Callable[[Any], None]:
        return lambda event: (
            os.kill(os.getpid(), signal.SIGINT) if isinstance(event, EpochEnded) and event.epoch == at else None
        )

    stopped = dlcli.train(config(table, PLAIN), run_dir=tmp_path / "stopped", listener=stop(3))
    assert (stopped.status, stopped.epochs, calls) == ("interrupted", 3, [6, 3])
    resumed = dlcli.train(resume=tmp_path / "stopped")
    assert calls == [6, 3, 3]
    one_by_one(monkeypatch)
    assert_same(resumed, dlcli.train(config(table, PLAIN), run_dir=tmp_path / "one"))


def test_the_last_epoch_is_the_one_whose_numbers_end(table: Path, tmp_path: Path, calls: list[int]) -> None:
    said = config(table, optimizer={"SGD": {"learning_rate": 1e12}})
    with pytest.raises(dlcli.ModelError):
        dlcli.train(said, run_dir=tmp_path / "run")
    losses = dlcli.Run(tmp_path / "run").history["loss"]
    assert [bool(np.isfinite(each)) for each in losses] == [True] * (len(losses) - 1) + [False]
    assert len(losses) < 6
    assert calls == [6]


class Told(keras.callbacks.Callback):  # type: ignore[misc]
    """Remembers what it is told, and adds to the logs of epochs."""

    def __init__(self, add: str) -> None:
        super().__init__()
        self.add = add
        self.said: list[Any] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.said.append(("batch", batch, list(logs.items())))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.said.append(("test batch", batch, list(logs.items())))

    def on_test_end(self, logs: Any = None) -> None:
        self.said.append(("test", list(logs.items())))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs[self.add] = 1.0
        self.said.append(("epoch", epoch, list(logs.items())))


def test_callbacks_are_told_what_keras_tells_them() -> None:
    said: list[Any] = []
    for kind in (keras.callbacks.CallbackList, loop._Hooks):
        callbacks = [Told("z"), Told("a")]
        hooks = kind(callbacks, add_history=True, epochs=1, steps=1, model=keras.Sequential())
        logs = {"val_loss": 2.0, "loss": 0.5, "accuracy": 0.25}
        hooks.on_train_begin()
        hooks.on_epoch_begin(0)
        hooks.on_train_batch_end(0, logs)
        hooks.on_test_begin()
        hooks.on_test_batch_end(0, logs)
        hooks.on_test_end(logs)
        hooks.on_epoch_end(0, logs)
        hooks.on_train_end(logs)
        assert logs == {"val_loss": 2.0, "loss": 0.5, "accuracy": 0.25}
        said.append([*(each.said for each in callbacks), hooks._history.history])
    assert said[0] == said[1]
