"""What a trial came to: the metric of the epoch whose weights its model has, or the mean of it over its folds."""

from __future__ import annotations

import contextlib
import math
import statistics
from collections.abc import Sequence

from dlcli.errors import RunError
from dlcli.runs.history import read_history
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import open_several
from dlcli.runs.run import Run
from dlcli.sweeps.results import Result, State

__all__ = ["complete_folds", "found_result", "mean_of", "measure", "measure_folds"]


def measure(run: Run, metric: str, *, pruned: bool = False) -> Result:
    """What a training came to.

    Args:
        run: The run.
        metric: A name of the History.
        pruned: Whether it was ended early: then it is the last epoch that counts.
    """
    epochs, seconds = run.epochs, run.seconds
    until = epochs if pruned else run.model_epoch
    rows = [row for row in read_history(run.path / "history.csv") if metric in row]
    values = [float(row[metric]) for row in rows if row["epoch"] <= until]
    if not values:
        have = ", ".join(run.history)
        return Result("failed", None, epochs, seconds, f"the history has no {metric!r}; it has {have}")
    if not math.isfinite(values[-1]):
        return Result("failed", None, epochs, seconds, f"{metric} is no number in epoch {until}")
    return Result("pruned" if pruned else "complete", values[-1], epochs, seconds)


def measure_folds(run: Run, folds: Sequence[Run], metric: str, *, pruned: bool = False) -> Result:
    """What the folds of a trial came to.

    Args:
        run: The folder of them.
        folds: Those that were trained to their end.
        metric: A name of the History.
        pruned: Whether the others are left out.
    """
    found = [measure(fold, metric) for fold in folds]
    epochs, seconds = sum(each.epochs for each in found), run.seconds
    for fold, each in zip(folds, found, strict=True):
        if each.state == "failed":
            return Result("failed", None, epochs, seconds, f"{fold.path.name}: {each.reason}")
    values = [each.value for each in found if each.value is not None]
    spread = statistics.stdev(values) if len(values) > 1 else None
    state: State = "pruned" if pruned else "complete"
    return Result(state, mean_of(values), epochs, seconds, spread=spread, folds=len(values))


def mean_of(values: Sequence[float]) -> float:
    """The mean; of numbers whose sum is too large for a float as well."""
    return math.fsum(value / len(values) for value in values)


def found_result(place: RunDirectory, metric: str) -> Result | None:
    """The result of a trial whose process died when it was trained and not told yet; None of any other."""
    if not place.record.is_file():
        return None
    with contextlib.suppress(RunError):
        run = Run(place.path)
        said = run.record.get("trial")
        pruned = isinstance(said, dict) and said.get("pruned") is True
        if run.status == "completed" or (run.status == "interrupted" and pruned):
            folds = complete_folds(place)
            if folds is None:
                return measure(run, metric, pruned=pruned)
            return measure_folds(run, folds, metric, pruned=pruned)
    return None


def complete_folds(place: RunDirectory) -> list[Run] | None:
    """The folds of a trial that are trained to their end, in their order; None where it is one training.

    Raises:
        RunError: It is no run, or its record is damaged.
    """
    several = open_several(place.path)
    if several is None:
        return None
    return [run for run in map(Run, (each.path for each in several.present())) if run.status == "completed"]
