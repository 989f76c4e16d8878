"""What a baseline is, and those that predict the same whatever the row."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Baseline", "Constant", "Guess", "GuessedRows", "OffersBaselines", "baselines_of", "shares_of_classes"]

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """What a baseline predicts of some rows. Each array may lack axes in front, along which it is the same.

    Args:
        numbers: For a target of numbers, in its own unit: `(rows, *axes, width)`.
        quantiles: An array like `numbers` for each quantile that the target asks for; none where the baseline has none,
            or the target asks for none.
        probabilities: For a class `(rows, *axes, classes)`, the greatest of which is predicted; for sets `(rows,
            classes)`, of which those above a half are.
    """

    numbers: Floats | None = None
    quantiles: tuple[Floats, ...] = ()
    probabilities: Floats | None = None


class GuessedRows(Protocol):
    """What a baseline may look at of the rows that it predicts."""

    def __len__(self) -> int:
        """How many there are."""

    @property
    def inputs(self) -> Mapping[str, NDArray[Any]]:
        """What the model is given of them, by the names of its inputs: `(rows, *shape)` each."""

    def past(self, target: str, steps: int) -> NDArray[Any] | None:
        """The last steps of a target that are known when the rows are predicted, encoded: `(rows, steps, *shape)`, the
        latest last. Where a series has not so many, floats are NaN and indices -1. None where rows are no steps."""


class Baseline(Protocol):
    """A prediction that needs no model."""

    @property
    def name(self) -> str:
        """As which it stands in reports: `mean`."""

    @property
    def words(self) -> str:
        """What it does, for people: `always predicting the mean`."""

    @property
    def judged_by(self) -> tuple[str, ...]:
        """The measures of a report in which a model that is worse is told so."""

    def guess(self, rows: GuessedRows) -> Guess:
        """What it predicts."""


@runtime_checkable
class OffersBaselines(Protocol):
    """A target's codec that knows predictions of itself that need no model."""

    def baselines(self) -> Sequence[Baseline]:
        """Its baselines, the one that matters most first. Known after `finish`, and from the state."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """The same for every row, whatever it holds.

    Example:
        >>> mean = Constant("mean", "always predicting the mean", ("rmse",), Guess(numbers=np.array([2.5])))
        >>> mean.guess(rows).numbers  # doctest: +SKIP
        array([2.5])
    """

    name: str
    words: str
    judged_by: tuple[str, ...]
    always: Guess

    def guess(self, rows: GuessedRows) -> Guess:
        """What it predicts."""
        return self.always


def baselines_of(codec: object) -> tuple[Baseline, ...]:
    """The baselines of a target; none where it offers none."""
    return tuple(codec.baselines()) if isinstance(codec, OffersBaselines) else ()


def shares_of_classes(classes: Sequence[str], counts: Mapping[str, int]) -> tuple[Baseline, ...]:
    """The most frequent class of the training rows, and the share of each as its probability.

    Args:
        classes: In the order of their indices.
        counts: How many there were of each.
    """
    shares = np.array([counts.get(name, 0) for name in classes], np.float64)
    if not shares.sum() > 0:
        return ()
    words = f"always predicting {classes[int(shares.argmax())]!r}"
    guess = Guess(probabilities=shares / shares.sum())
    return (Constant("majority", words, ("accuracy", "log_loss"), guess),)
