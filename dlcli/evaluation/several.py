"""How good several models are together: the report of the mean of what they say, without TensorFlow.

The compiled loss and metrics are those of one model on its own encoding of the targets; each member has its own. Of the
mean there is what the report says of it: accuracy and log loss, or errors in the target's own unit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dlcli.data.samples.samples import Samples
from dlcli.evaluation.compared import RowsOf
from dlcli.evaluation.evaluation import Evaluation, Reports
from dlcli.prediction.prediction import run_slices
from dlcli.trained.averaging import averaged
from dlcli.trained.decoding import decode
from dlcli.trained.run import TrainedRun

__all__ = ["evaluate_together"]

ROWS = 8192
"""Rows that are taken at a time."""

SINGLE = ("accuracy", "log_loss", "mae", "rmse", "r2", "nearest_accuracy")
"""What of a report is a number of the whole."""


def evaluate_together(name: str, run: TrainedRun, samples: Sequence[Iterable[Samples]]) -> Evaluation:
    """Evaluate the mean of several models.

    Args:
        name: What the rows are called.
        run: The members.
        samples: For each member the same rows in the same parts, encoded as it has learnt them.
    """
    reports = Reports(run.predictor, run.preprocessing)
    rows = 0
    for parts in zip(*samples, strict=True):
        for start in range(0, len(parts[0]), ROWS):
            indices = slice(start, start + ROWS)
            taken = [part.take(indices) for part in parts]
            said = [
                decode(
                    run_slices(member.predictor, each.inputs),
                    member.predictor.outputs,
                    member.preprocessing,
                    levels=each.levels,
                )
                for member, each in zip(run.models, taken, strict=True)
            ]
            reports.add_decoded(averaged(said), RowsOf(parts[0], indices, taken[0]))
        rows += len(parts[0])
    found = reports.result()
    return Evaluation(name, rows, dict(_metrics(found)), found)


def _metrics(reports: dict[str, dict[str, Any]]) -> Iterator[tuple[str, float]]:
    """The numbers of the whole, by their names; of several targets with the target before them."""
    for (target, report), name in itertools.product(reports.items(), SINGLE):
        if isinstance(report.get(name), float):
            yield (name if len(reports) == 1 else f"{target}_{name}"), report[name]
