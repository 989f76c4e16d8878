"""A model that predicts a number worse than its mean has learnt nothing, or something else."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.evaluation.trained_sight import Finding, TrainedSight
from dlcli.evaluation.verdict import worse_than_guessing

__all__ = ["find"]


def find(sight: TrainedSight) -> Iterator[Finding]:
    """Each such target."""
    for each in worse_than_guessing(sight.reports, rows=sight.rows, weighted=sight.weighted):
        if each.rule == "worse-than-mean":
            yield Finding(each.path, each.message, each.hint)
