"""What several trainings came to: their metrics, how far these are spread, and what each row was predicted as."""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlcli.config.inspection.inspection import CheckedConfig
from dlcli.config.schema import Config
from dlcli.errors import DlcliError, Problem
from dlcli.evaluation.run_evaluation import evaluate_run
from dlcli.jobs.several.members import Member
from dlcli.jobs.several.predicting import write_predictions
from dlcli.jobs.several.shared import Shared
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import Kind
from dlcli.runs.run import Run
from dlcli.trained.own_code import GRANTED, Leave
from dlcli.training.events import Listener, Notice, Stage

__all__ = ["evaluate_mean", "gather_outcome"]

Metrics = Mapping[str, Mapping[str, float | None]]


def gather_outcome(
    kind: Kind,
    run: RunDirectory,
    members: Sequence[Member],
    *,
    shared: Shared,
    checked: Callable[[Member], CheckedConfig],
    tell: Listener,
    whole: bool,
) -> dict[str, Any]:
    """What the record of the whole says at its end.

    Args:
        kind: What the members are to each other.
        run: The folder.
        members: In their order.
        shared: Has the rows.
        checked: The config of a member.
        tell: Called with notices.
        whole: Whether the rows are predicted too.
    """
    places = [(member, run.path / member.name) for member in members]
    runs = [(member, _Ended(path)) for member, path in places if (path / "run.json").is_file()]
    done = [(member, each) for member, each in runs if each.status == "completed"]
    results: dict[str, Any] = {"epochs": sum(each.epochs for _, each in runs)}
    found = [each.final_metrics() for _, each in done]
    results |= {
        "metrics": _over(found, statistics.fmean),
        "spread": _over(found, lambda values: statistics.stdev(values) if len(values) > 1 else 0.0),
        "runs": [
            {"name": each.path.name, "epochs": each.epochs, "model_epoch": each.model_epoch, "metrics": metrics}
            for (_, each), metrics in zip(done, found, strict=True)
        ],
    }
    if whole and kind == "cross_validation" and len(done) == len(members):
        tell(Stage("predicting each fold"))
        write_predictions(run, members, shared, checked)
    return results


class _Ended(Run):
    """A run whose record is read once."""

    @functools.cached_property
    def record(self) -> dict[str, Any]:
        return super().record


def evaluate_mean(run: RunDirectory, config: Config, tell: Listener, *, leave: Leave = GRANTED) -> None:
    """Evaluate the mean of the members on the rows that none of them has learnt from; told where that cannot be."""
    if config.data.test is None:
        return
    tell(Stage("evaluating the mean of the members"))
    try:
        evaluate_run(
            run.path,
            None,
            split="test",
            name="test",
            cache=None,
            reading=None,
            runtime="auto",
            leave=leave,
            warn=lambda problem: None,
        )
    except DlcliError as error:
        message = f"the mean of the members is not evaluated: {error.problems[0].message}"
        tell(Notice(Problem(message, hint=error.problems[0].hint, rule="not-evaluated"), warning=True))


def _over(found: Sequence[Metrics], how: Callable[[list[float]], float]) -> dict[str, dict[str, float | None]]:
    """One number for each metric of each split, of those of all members; None where one of them has none."""
    splits = dict.fromkeys(split for each in found for split in each)
    return {
        split: {name: _one([each.get(split, {}).get(name) for each in found], how) for name in found[0].get(split, {})}
        for split in splits
    }


def _one(values: list[float | None], how: Callable[[list[float]], float]) -> float | None:
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    return how(numbers) if len(numbers) == len(values) else None
