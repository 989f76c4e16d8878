"""A model that predicts one class whatever the row tells nothing, however often it is right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dlcli.config.document.places import format_path
from dlcli.evaluation.trained_sight import Finding, TrainedSight

__all__ = ["find"]

FEWEST = 20
"""Rows from which on it is no chance."""


def find(sight: TrainedSight) -> Iterator[Finding]:
    """Each such target."""
    for target, report in sight.reports.items():
        counts = np.array(report.get("confusion_matrix", ()))
        if counts.ndim != 2 or counts.sum() < FEWEST or np.count_nonzero(counts.sum(axis=1)) < 2:
            continue
        predicted = counts.sum(axis=0)
        if np.count_nonzero(predicted) == 1:
            place = int(predicted.argmax())
            others = int(counts.sum() - counts[place, place])
            yield Finding(
                format_path(("data", "target", target)),
                f"the model predicts {list(report['classes'])[place]!r} of every row of {sight.rows}, and {others:,} "
                f"of {int(counts.sum()):,} are others",
                "try fit.class_weight: balanced where it is the most frequent class; else another learning rate, and "
                "more epochs",
            )
