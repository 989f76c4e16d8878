"""How a job is executed: a function of the config, the model and the rows, told when it costs something."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlcli
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.batches import Batches
from dlcli.data.samples.labels import Labels
from dlcli.data.samples.samples import Taken
from dlcli.errors import ModelError
from dlcli.training.events import Notice

KEYS: dict[str, Any] = {"epochs": 1, "device": "cpu", "deterministic": False, "demanding": []}


def rows_of(count: int, batch_size: int, shape: tuple[int, ...] = (4,)) -> Batches:
    zeros = np.broadcast_to(np.zeros(1, np.float32), (count, *shape))  # large, and takes no memory
    taken = Taken({"features": zeros}, {"y": np.broadcast_to(np.zeros(1, np.float32), (count, 1))})
    return Batches(ArraySamples(taken, np.arange(count)), Labels({"y": ("y",)}), batch_size=batch_size)


@pytest.fixture(scope="module")
def dense(model_of: Any) -> Any:
    return model_of(
        {
            "layers": [{"Dense": {"units": 3}, "name": "y"}],
            "inputs": {"features": np.zeros((1, 4), np.float32)},
            "targets": {"y": np.zeros((1, 3), np.float32)},
        }
    )


@pytest.fixture(scope="module")
def convolution(model_of: Any) -> Any:
    nested = [{"layers": [{"Conv1D": {"filters": 2, "kernel_size": 2}}]}, {"Flatten": {}}]
    return model_of(
        {
            "layers": [*nested, {"Dense": {"units": 1}, "name": "y"}],
            "inputs": {"features": np.zeros((1, 6, 2), np.float32)},
            "targets": {"y": np.zeros((1, 1), np.float32)},
        }
    )


def test_auto_takes_xla_where_compiling_is_earned_back(dense: Any) -> None:
    from dlcli.training.execution import XLA_UPDATES, choose

    def mode(updates: int, **keys: Any) -> str:
        return choose("auto", model=dense, batches=rows_of(updates, 1), **{**KEYS, **keys}).mode

    assert mode(XLA_UPDATES - 1) == "graph"
    assert mode(XLA_UPDATES) == "xla"
    assert mode(XLA_UPDATES // 10, epochs=10) == "xla"
    assert mode(XLA_UPDATES, deterministic=True) == "graph"


def test_long_series_earn_it_back_with_fewer_updates(model_of: Any) -> None:
    from dlcli.training.execution import SHORT_SERIES, XLA_UPDATES, choose

    long = 4 * SHORT_SERIES
    layers = [{"Bidirectional": {"layer": {"SimpleRNN": {"units": 2}}}}, {"Dense": {"units": 1}, "name": "y"}]
    inputs = {"features": np.zeros((1, long, 2), np.float32)}
    model = model_of({"layers": layers, "inputs": inputs, "targets": {"y": np.zeros((1, 1), np.float32)}})

    def mode(updates: int) -> str:
        return choose("auto", model=model, batches=rows_of(updates, 1, (long, 2)), **KEYS).mode

    assert mode(XLA_UPDATES // 4 - 1) == "graph"
    assert mode(XLA_UPDATES // 4) == "xla"


def test_convolutions_stay_without_xla_on_the_processor(convolution: Any) -> None:
    from dlcli.training.execution import choose

    batches = rows_of(100_000, 1, (6, 2))
    assert choose("auto", model=convolution, batches=batches, **KEYS).mode == "graph"
    assert choose("auto", model=convolution, batches=batches, **{**KEYS, "device": "gpu:0"}).mode == "xla"
    assert choose("xla", model=convolution, batches=batches, **KEYS).mode == "xla"


@pytest.mark.parametrize("wanted", ["step", "graph", "xla"])
def test_what_is_wanted_is_done(wanted: Any, dense: Any) -> None:
    from dlcli.training.execution import choose

    found = choose(wanted, model=dense, batches=rows_of(10, 2), **KEYS)
    assert found.mode == wanted
    assert found.stack == (1 if wanted == "step" else 5)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_stack_is_bounded(dense: Any, rows: int, batch_size: int) -> None:
    """In bytes and in batches, one batch at least, and never more than there are."""
    from dlcli.training.execution import MOST_BATCHES, STACK_BYTES, stack_size

    batches = rows_of(rows, batch_size)
    size = stack_size(dense, batches)
    assert 1 <= size <= max(rows // batch_size, 1)
    assert size <= MOST_BATCHES
    assert size == 1 or size * batch_size * batches.bytes_per_row <= STACK_BYTES


def test_the_work_of_a_layer_counts_its_places(dense: Any, convolution: Any) -> None:
    from dlcli.training.execution import multiplications

    assert multiplications(dense) == 6 * (4 * 3 + 3)
    assert multiplications(convolution) == 6 * ((2 * 2 * 2 + 2) * 6 + 10 + 1)


def test_callbacks_that_need_every_batch(tmp_path: Path) -> None:
    import keras

    from dlcli.training.execution import needs_every_batch

    class Counts(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None: ...

    class Inherits(Counts):
        pass

    class Epochs(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None: ...

    class Saves(keras.callbacks.ModelCheckpoint):  # type: ignore[misc]
        pass

    callbacks = keras.callbacks
    demanding = [
        Counts(),
        Inherits(),
        callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: None),
        callbacks.ModelCheckpoint("a.keras", save_freq=10),
        Saves("a.keras", save_freq=10),
        callbacks.BackupAndRestore(str(tmp_path), save_freq=5),
    ]
    content = [
        Epochs(),
        callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
        callbacks.ModelCheckpoint("a.keras"),
        Saves("a.keras"),
        callbacks.BackupAndRestore(str(tmp_path)),
        callbacks.EarlyStopping(),
        callbacks.TerminateOnNaN(),
        callbacks.CSVLogger("a.csv"),
        callbacks.ReduceLROnPlateau(),
    ]
    assert needs_every_batch(demanding) == [type(callback).__name__ for callback in demanding]
    assert needs_every_batch(content) == []


CODE = '''\
import keras
import tensorflow as tf


class Count(keras.callbacks.Callback):
    """Writes how many batches each epoch had."""

    def __init__(self, file):
        super().__init__()
        self.file, self.counts = file, []

    def on_epoch_begin(self, epoch, logs=None):
        self.counts.append(0)

    def on_train_batch_end(self, batch, logs=None):
        self.counts[-1] += 1

    def on_train_end(self, logs=None):
        with open(self.file, "w") as stream:
            stream.write(repr(self.counts))


class Text(keras.layers.Layer):
    """Through text and back: XLA has no text."""

    def call(self, inputs):
        return inputs + 0 * tf.strings.to_number(tf.strings.as_string(inputs))
'''


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., tuple[dlcli.Run, list[str]]]:
    """Train a small job with changes to its config; returns the run and the notices."""
    rows = "".join(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(50))
    (tmp_path / "table.csv").write_text("p,q,label\n" + rows)
    (tmp_path / "own.py").write_text(CODE)

    def run(layers: list[Any] | None = None, **keys: Any) -> tuple[dlcli.Run, list[str]]:
        notices: list[str] = []
        config: dict[str, Any] = {
            "data": {"train": str(tmp_path / "table.csv"), "target": "label", "batch_size": 4},
            "model": {"layers": [*(layers or []), {"Dense": {"units": 1, "activation": "sigmoid"}}]},
            "report": False,
            "fit": {"epochs": 2},
            "code": [str(tmp_path / "own.py")],
            **keys,
        }
        run = dlcli.train(
            config,
            run_dir=tmp_path / f"run{len(list(tmp_path.glob('run*')))}",
            listener=lambda event: notices.append(str(event.problem)) if isinstance(event, Notice) else None,
        )
        return run, [notice for notice in notices if "batch" in notice or "XLA" in notice]

    return run


def test_a_callback_of_ones_own_gets_every_batch(job: Any, tmp_path: Path) -> None:
    _, notices = job(callbacks=[{"Count": {"file": str(tmp_path / "counts")}}])
    assert json.loads((tmp_path / "counts").read_text()) == [13, 13]
    (notice,) = notices
    assert "Count needs every batch" in notice
    assert "slower" in notice


def test_a_checkpoint_every_ten_batches(job: Any) -> None:
    run, (notice,) = job(callbacks=[{"ModelCheckpoint": {"filepath": "{epoch:02d}_{batch:02d}", "save_freq": 10}}])
    assert sorted(path.name for path in run.path.glob("checkpoints/*.keras")) == ["01_10.keras", "02_07.keras"]
    assert "ModelCheckpoint needs every batch" in notice


def test_auto_falls_back_and_says_so_once(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlcli.training import execution

    monkeypatch.setattr(execution, "XLA_UPDATES", 1)
    fallen, (notice,) = job([{"Text": {}, "name": "reading"}])
    assert "'reading'" in notice
    assert "without XLA" in notice
    graph, notices = job([{"Text": {}, "name": "reading"}], runtime={"execution": "graph"})
    assert not notices
    assert fallen.history == graph.history


def test_xla_that_cannot_be_is_an_error(job: Any) -> None:
    with pytest.raises(ModelError) as error:
        job([{"Text": {}, "name": "reading"}], runtime={"execution": "xla"})
    (problem,) = error.value.problems
    assert "'reading'" in problem.message
    assert problem.path == "runtime.execution"


def test_a_metric_of_several_numbers_is_refused(job: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        job(compile={"metrics": ["F1Score", "accuracy"]})
    (problem,) = error.value.problems
    assert problem.rule == "metric-shape"
    assert "'f1_score'" in problem.message
    assert not list(tmp_path.glob("run*"))
