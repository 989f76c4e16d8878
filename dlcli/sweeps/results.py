"""What became of a trial."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

__all__ = ["Result", "State", "TrialResult"]

State = Literal["complete", "pruned", "failed"]


@dataclasses.dataclass(frozen=True)
class Result:
    """How a trial ended.

    Args:
        state: Whether it came to its end, was ended early, or failed.
        value: The metric; None of a trial that failed.
        epochs: Whole epochs trained.
        seconds: Wall time.
        reason: Why it failed.
        spread: The standard deviation of the metric among the folds; None where there are not several.
        folds: How many folds were trained to their end; 0 of a trial that is one training.
    """

    state: State
    value: float | None = None
    epochs: int = 0
    seconds: float = 0.0
    reason: str = ""
    spread: float | None = None
    folds: int = 0


@dataclasses.dataclass(frozen=True)
class TrialResult:
    """A trial that has ended, with its values.

    Args:
        number: From 1 on.
        values: Of the parameters, by name; those that were left out are not there.
        result: How it ended.
        twin: The trial with the same values, when it was not trained itself.
    """

    number: int
    values: Mapping[str, Any]
    result: Result
    twin: int | None = None
