"""What only reports, or keeps what the run keeps anyway, never ends a training; what is written respects the umask."""

from __future__ import annotations

import contextlib
import csv
import os
import resource
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import pytest

import dlcli
from dlcli.config.schema.component import Component
from dlcli.errors import RunError
from dlcli.training.callback_failures import WRITING, tolerate
from dlcli.training.callbacks import make_callbacks
from dlcli.training.events import EpochEnded, EpochStarted, Event, Notice
from dlcli.training.execution import needs_every_batch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the size of files cannot be limited")


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    """A small regression whose callbacks write all that they can."""
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{row},{3 * row}\n" for row in range(30)))
    return {
        "data": {"train": str(tmp_path / "rows.csv"), "test": 0.2, "target": "y"},
        "model": {"layers": [{"Dense": {"units": 1}}]},
        "compile": {"loss": "mse"},
        "fit": {"epochs": 5},
        "callbacks": [
            {"CSVLogger": {"filename": "sub/dir/log.csv"}},
            {"ModelCheckpoint": {"filepath": "{epoch}", "monitor": "loss"}},
            {"ModelCheckpoint": {"filepath": "best", "monitor": "loss", "save_best_only": True}},
        ],
    }


class FullDisk:
    """No file can grow while some epochs last; listens to the training.

    Args:
        epochs: From the start of the first to the end of the last.
    """

    def __init__(self, *epochs: int) -> None:
        self._first, self._last = min(epochs), max(epochs)
        self.warnings: list[tuple[str, str]] = []

    def __call__(self, event: Event) -> None:
        match event:
            case EpochStarted() if event.epoch == self._first:
                self._limit(0)
            case EpochEnded() if event.epoch == self._last:
                self._limit(resource.RLIM_INFINITY)
            case Notice() if event.warning:
                self.warnings.append((event.problem.rule, event.problem.path))

    @contextlib.contextmanager
    def over(self) -> Iterator[FullDisk]:
        """The disk is free again in any case."""
        try:
            yield self
        finally:
            self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size if most == resource.RLIM_INFINITY else min(size, most), most))


def test_a_disk_that_is_full_for_a_while_costs_no_training(config: dict[str, Any], tmp_path: Path) -> None:
    with FullDisk(2, 3).over() as disk:
        run = dlcli.train(config, run_dir=tmp_path / "run", listener=disk)
    assert (run.status, run.epochs) == ("completed", 5)
    assert disk.warnings == [
        ("not-reported", "callbacks[0].CSVLogger"),
        ("not-reported", "callbacks[1].ModelCheckpoint"),
        ("not-reported", "callbacks[2].ModelCheckpoint"),
        ("not-writable", ""),
    ]
    assert [len(values) for values in run.history.values()] == [5, 5]
    with (run.path / "sub" / "dir" / "log.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1", "2", "3", "4"]
    assert sorted(path.name for path in (run.path / "checkpoints").glob("*.*")) == [
        "1.keras",
        "4.keras",
        "5.keras",
        "best.keras",
    ]


def test_the_checkpoint_before_stays_when_the_next_cannot_be_written(config: dict[str, Any], tmp_path: Path) -> None:
    with FullDisk(2, 5).over() as disk:
        run = dlcli.train(config, run_dir=tmp_path / "run", listener=disk)
    names = sorted(path.name for path in (run.path / "checkpoints").glob("*.*"))
    assert names == ["1.keras", "best.keras"]
    assert [len(values) for values in run.history.values()] == [5, 5]
    assert keras.models.load_model(run.path / "checkpoints" / "best.keras").count_params() == 2


def test_a_disk_that_stays_full_is_told_and_the_run_has_failed(config: dict[str, Any], tmp_path: Path) -> None:
    """But for what was put by at the beginning, so that `run.json` says how it ended."""
    full = FullDisk(4, 99)

    def listen(event: Event) -> None:
        full(event)
        if isinstance(event, Notice) and event.problem.rule == "weights-kept":
            raise AssertionError

    with full.over(), pytest.raises(RunError) as error:
        dlcli.train(config, run_dir=tmp_path / "run", listener=listen)
    assert error.value.problems[0].rule == "not-writable"
    assert "model.keras" in error.value.problems[0].message
    assert sorted(path.name for path in (tmp_path / "run").iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize("umask", [0o077, pytest.param(0o027, marks=pytest.mark.soak)])
def test_every_file_of_a_run_has_the_permissions_that_the_umask_leaves(
    config: dict[str, Any], tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        (tmp_path / "own.py").write_text("import keras\n\n\nclass Mine(keras.layers.Dense):\n    pass\n")
        config = {**config, "code": [str(tmp_path / "own.py")], "model": {"layers": [{"Mine": {"units": 1}}]}}
        run = dlcli.train(config, run_dir=tmp_path / "run")
        dlcli.predict_file(run, tmp_path / "rows.csv", output=tmp_path / "out.csv", allow_code=True)
        dlcli.export(run, tmp_path / "out.onnx", format="onnx", allow_code=True)
        dlcli.export(run, allow_code=True)
    finally:
        os.umask(before)
    files = [tmp_path / "out.csv", tmp_path / "out.onnx", *(path for path in run.path.rglob("*") if path.is_file())]
    assert len(files) > 12
    assert {oct(stat.S_IMODE(path.stat().st_mode)) for path in files} == {oct(0o666 & ~umask)}


@pytest.mark.parametrize("name", [name for name in WRITING if name not in ("OrbaxCheckpoint",)])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), None], ids=["full", "fine"])
def test_every_callback_that_writes_is_forgiven(name: str, error: OSError | None, tmp_path: Path) -> None:
    """Whatever hook it fails in; those that it does not have stay Keras's own, which cost nothing."""
    arguments = {"ModelCheckpoint": {"filepath": "x"}}.get(name, {})
    (callback,) = make_callbacks([Component(name, arguments)], tmp_path, code={})
    demanding = needs_every_batch([callback])
    kind = type(callback)
    hooks = [each for each in dir(keras.callbacks.Callback) if each.startswith("on_")]
    own = [each for each in hooks if not hasattr(getattr(callback, each), "_is_default")]
    called: list[str] = []

    def fail(hook: str) -> Any:
        def failing(self: Any, *_: Any, **__: Any) -> None:
            called.append(hook)
            if error is not None and hook != "on_train_begin":
                raise error

        failing.__name__ = hook
        return failing

    callback.__class__ = type(name, (kind,), {hook: fail(hook) for hook in own} | {"__module__": "keras.callbacks"})
    told: list[Event] = []
    tolerate(callback, path="callbacks[0]", listener=told.append)
    for hook in hooks:
        getattr(callback, hook)(*([0] if "batch" in hook or "epoch" in hook else []))
    assert called == own
    assert len(told) == (0 if error is None or own == ["on_train_begin"] else 1)
    assert demanding == []
    assert all(hasattr(getattr(callback, hook), "_is_default") for hook in hooks if hook not in own)


def test_a_callback_whose_file_cannot_be_opened_is_left_alone(tmp_path: Path) -> None:
    (callback,) = make_callbacks([Component("CSVLogger", {"filename": "a/x.csv"})], tmp_path, code={})
    (tmp_path / "a" / "x.csv").mkdir()
    told: list[Event] = []
    tolerate(callback, path="callbacks[0].CSVLogger", listener=told.append)
    callback.on_train_begin()
    callback.on_epoch_end(0, {"loss": 1.0})
    callback.on_train_end()
    assert len(told) == 1


def test_faults_of_ones_own_callback_are_not_forgiven(tmp_path: Path) -> None:
    class Own(keras.callbacks.CSVLogger):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise OSError

    callback = Own(str(tmp_path / "x.csv"))
    tolerate(callback, path="callbacks[0]", listener=lambda event: None)
    with pytest.raises(OSError):
        callback.on_epoch_end(0)


MOVES = """
import keras, pathlib

class Moves(keras.callbacks.Callback):
    def __init__(self, place):
        super().__init__()
        self.place = place

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            pathlib.Path(self.place).rename(self.place + "-elsewhere")
"""


@pytest.mark.parametrize("freq", ["epoch", 1])
def test_a_run_that_is_moved_while_the_callbacks_work_is_not_begun_again_in_its_place(
    config: dict[str, Any], tmp_path: Path, freq: str | int
) -> None:
    (tmp_path / "moves.py").write_text(MOVES)
    checkpoint = {"ModelCheckpoint": {"filepath": "last.keras", "save_freq": freq}}
    moves = {"Moves": {"place": str(tmp_path / "run")}}
    config |= {"code": [str(tmp_path / "moves.py")], "callbacks": [moves, {"CSVLogger": {"filename": "log.csv"}}]}
    config["callbacks"].insert(1, checkpoint)
    with pytest.raises(RunError) as caught:
        dlcli.train(config, run_dir=tmp_path / "run")
    assert [problem.rule for problem in caught.value.problems] == ["run-gone"]
    assert not (tmp_path / "run").exists()
    assert (tmp_path / "run-elsewhere" / "run.json").exists()
