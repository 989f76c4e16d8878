"""A run trained again from its own directory, and held against itself."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.errors import DlcliError, Problem, RunError
from dlcli.runs.comparing import Apart, Difference, compare_history, compare_metrics, differences
from dlcli.runs.history import read_history
from dlcli.runs.holder import find_holder
from dlcli.runs.layout import RunDirectory
from dlcli.trained.keras_predictor import KerasPredictor, load_keras
from dlcli.trained.own_code import GRANTED, Leave, inspect_run, require_code
from dlcli.training.events import EpochStarted, Event, Listener
from dlcli.training.guards.interruption import StopTraining

__all__ = ["Reproduction", "Train", "reproduce_run"]

Train = Callable[[Path, Path, Listener], object]
"""Trains a config into a directory, and tells a listener."""


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """What came of training a run again.

    Args:
        run: The run's directory.
        epochs: Whole epochs that it had, and that were trained again.
        history: Metrics whose values differ in some epoch.
        metrics: Metrics of the end, of `run.json`, that differ.
        weights: How far apart the weights are; None where they are the same bit for bit, or cannot be compared.
        not_compared: Why the weights cannot be compared; empty when they were.
        differences: Versions, hardware, data, code and execution that are others than they were.
        directory: Where the new run is kept; None when it is not.
    """

    run: Path
    epochs: int
    history: tuple[Apart, ...]
    metrics: tuple[Apart, ...]
    weights: Apart | None
    not_compared: str
    differences: tuple[Difference, ...]
    directory: Path | None

    @property
    def same(self) -> bool:
        """Whether all numbers that could be compared are the same."""
        return not (self.history or self.metrics or self.weights)

    def problem(self) -> Problem | None:
        """The fault of a run that is not reproduced; None of one that is."""
        if self.same:
            return None
        apart = [*self.history, *self.metrics, *([self.weights] if self.weights else [])]
        worst = max(apart, key=lambda each: each.relative)
        first = min((each.epoch for each in self.history if each.epoch is not None), default=None)
        since = f" from epoch {first} on" if first is not None else ""
        message = f"{self.run} is not reproduced: its numbers differ{since}, by {worst.relative:.2g} of {worst.name}"
        return Problem(message, hint=self._way_out(), rule="not-reproduced")

    def _way_out(self) -> str:
        others = [each.what for each in self.differences]
        if not others:
            return "runtime: {deterministic: true} trains alike each time; code of your own has to draw by seeds"
        return f"what is another than it was: {', '.join(others)}"

    def document(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {"same": self.same, **dataclasses.asdict(self)}


def reproduce_run(path: Path, *, place: Path | None, leave: Leave, train: Train, tell: Listener) -> Reproduction:
    """Train a run again, for as many epochs as it has, and compare.

    Args:
        path: The run directory; nothing in it is changed.
        place: Where the new run goes and stays; None: beside, until it has been compared.
        leave: Whether code of the run's own may be run.
        train: Trains.
        tell: Called with the events of the training.

    Raises:
        RunError: It is no run, it is still being trained, or has no whole epoch.
        DlcliError: It cannot be trained: its data is gone, for instance.
    """
    run = RunDirectory.open(path, trained=False)
    record = run.read_record()
    if record.get("status") == "running":
        message = f"{path} is still being trained, by {find_holder(run.lock) or 'another process'}"
        raise RunError(Problem(message, hint="wait until it ends", rule="run-busy"))
    before = read_history(run.history) if run.history.is_file() else []
    if not before:
        message = f"{path} has no whole epoch, so there is nothing to reproduce"
        raise RunError(Problem(message, hint="train again", rule="run-incomplete"))
    require_code(inspect_run(run).checked().config, run, leave)
    with _place(path, place) as directory:
        again = RunDirectory(directory)
        try:
            train(run.config, directory, _Until(len(before), tell))
        except DlcliError:
            if record.get("status") != "failed" or not again.history.is_file():
                raise  # else it fails as it did
        result = again.read_record()
        weights, not_compared = _compare_weights(run, again, is_whole=record.get("status") == "completed")
        return Reproduction(
            run=path,
            epochs=len(before),
            history=tuple(compare_history(before, read_history(again.history) if again.history.is_file() else [])),
            metrics=tuple(compare_metrics(record.get("metrics"), result.get("metrics"))),
            weights=weights,
            not_compared=not_compared,
            differences=tuple(differences(record, result)),
            directory=place,
        )


class _Until:
    """Lets a training go on for so many epochs, and ends it where a run that was interrupted has ended.

    The config stays what it is: how a job is executed depends on its epochs.
    """

    def __init__(self, epochs: int, tell: Listener) -> None:
        self._epochs, self._tell = epochs, tell

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochStarted) and event.epoch > self._epochs:
            raise StopTraining
        self._tell(event)


@contextlib.contextmanager
def _place(path: Path, place: Path | None) -> Iterator[Path]:
    """The directory of the new run: the one that is asked for, or one beside the run that goes again."""
    if place is not None:
        yield place
        return
    beside = path.resolve()
    try:
        scratch = Path(tempfile.mkdtemp(prefix=f".{beside.name[:100]}.again-", dir=beside.parent))
    except OSError as error:
        message = f"cannot write beside {path}: {error.strerror or error}"
        raise RunError(Problem(message, hint="choose a --run-dir", rule="not-writable")) from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _compare_weights(one: RunDirectory, other: RunDirectory, *, is_whole: bool) -> tuple[Apart | None, str]:
    """How far apart the weights of two runs are, and why that cannot be said.

    Args:
        one: The run.
        other: The one that was trained again.
        is_whole: Whether the run has ended with an epoch; else it may have learnt from some batches more.
    """
    try:
        before, now = _weights(one), _weights(other)
    except DlcliError as error:
        return None, error.problems[0].message
    if [each.shape for each in before] != [each.shape for each in now]:
        return None, "the two models have other weights"
    if all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(before, now, strict=True)):
        return None, ""
    if not is_whole:
        return None, "the run ended before its time, between two epochs or within one"
    gaps = [np.abs(a.astype(np.float64) - b.astype(np.float64)) for a, b in zip(before, now, strict=True)]
    sizes = [np.maximum(np.abs(a), np.abs(b)).astype(np.float64) for a, b in zip(before, now, strict=True)]
    relative = [
        np.divide(gap, size, out=np.zeros_like(gap), where=size > 0) for gap, size in zip(gaps, sizes, strict=True)
    ]
    return Apart("weights", _greatest(gaps), _greatest(relative)), ""


def _greatest(arrays: list[NDArray[Any]]) -> float:
    return max((float(array.max()) for array in arrays if array.size), default=0.0)


def _weights(run: RunDirectory) -> list[NDArray[Any]]:
    predictor = load_keras(RunDirectory.open(run.path), leave=GRANTED, mixed=True).predictor
    assert isinstance(predictor, KerasPredictor)
    return [np.asarray(weight) for weight in predictor.assembly.model.weights]
