"""A loss that is after all epochs what it was after the first: nothing that helps has been learnt."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.evaluation.trained_sight import Finding, TrainedSight

__all__ = ["find"]

FEWEST = 5
"""Epochs from which on a loss must have moved."""

FELL = 0.002
"""The part of itself that a loss falls by at least, where it falls."""

SMALL = 1e-4
"""A loss that has nowhere to fall to."""


def find(sight: TrainedSight) -> Iterator[Finding]:
    """The loss of training, where the model is not good all the same: large data is learnt within the first epoch."""
    losses = sight.curve("loss")
    if len(losses) < FEWEST or abs(losses[0]) < SMALL or any(map(_is_good, sight.reports.values())):
        return
    if losses[0] - min(losses[1:]) < FELL * abs(losses[0]):
        yield Finding(
            "compile.optimizer",
            f"the loss is {losses[-1]:.4g} after {len(losses)} epochs and was {losses[0]:.4g} after one: it never fell",
            "try a learning rate ten times as large, or as small; do the features tell anything of the target?",
        )


def _is_good(report: object) -> bool:
    if not isinstance(report, dict):
        return False
    score, matrix = report.get("r2"), report.get("confusion_matrix")
    if score is not None:
        return bool(score > FELL)
    if matrix:
        rows = [sum(row) for row in matrix]
        return bool(sum(rows) and (report.get("accuracy") or 0) > max(rows) / sum(rows))
    return False
