"""What the rules about a trained model are given: its history, and what it predicts of rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli.config.lint.linting import Judged, judge
from dlcli.config.lint.output import Finding
from dlcli.config.lint.rules import OF_RUNS, modules_of
from dlcli.config.schema import Config
from dlcli.errors import Problem

__all__ = ["Finding", "TrainedSight", "look_at_training"]


@dataclasses.dataclass(frozen=True)
class TrainedSight:
    """A training that has ended.

    Args:
        config: What was trained, everything filled in.
        history: A row of each epoch.
        model_epoch: The epoch whose weights the model has, one-based.
        reports: What the reports of an evaluation say, by target.
        rows: What was evaluated, such as `the test split`.
        num_validated: The rows of the validation split; None where that is not known.
    """

    config: Config
    history: Sequence[Mapping[str, float]] = ()
    model_epoch: int = 0
    reports: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    rows: str = ""
    num_validated: int | None = None

    @property
    def weighted(self) -> bool:
        """Whether rows or classes have weights, which the loss of training has and that of validation has not."""
        return self.config.fit.class_weight is not None or self.config.data.sample_weight is not None

    def curve(self, name: str) -> list[float]:
        """A value of the History over the epochs; empty where an epoch has none, or no number."""
        values = [row.get(name, math.nan) for row in self.history]
        return values if all(map(math.isfinite, values)) else []


def look_at_training(sight: TrainedSight) -> Judged:
    """The findings about a training that has ended.

    Args:
        sight: What is known of it.
    """
    return judge(
        (
            Problem(each.message, path=each.path, hint=each.hint, rule=name)
            for name, rule in modules_of(OF_RUNS).items()
            for each in rule.find(sight)
        ),
        sight.config.lint,
    )
