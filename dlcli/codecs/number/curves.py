"""Scales that are no straight lines: numbers far from the others come nearer, and their order stays."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.median import Median

__all__ = ["CURVED", "KEPT", "LEVELS", "Knots", "quartiles"]

Floats = NDArray[np.float64]

CURVED: Final = ("robust", "quantile")
"""The scales that are fitted to quantiles."""

KEPT: Final = 32_768
"""Values of a channel that quantiles are found from: all, or a uniform sample of so many."""

LEVELS: Final = (0.25, 0.5, 0.75)

_FEWEST, _MOST, _ROWS_EACH = 10, 1_000, 30
"""Knots: one for each so many rows, within these."""

_LEAST = 1e-7
"""The level of the first quantile, and of the last from above: it would be infinitely far in a normal."""


def quartiles(samples: Sequence[Median]) -> Floats:
    """The quartiles and the median between them of each channel, `(3, channels)`."""
    return np.array([sample.quantiles(LEVELS) for sample in samples]).T


class Knots:
    """Piecewise linear from the quantiles of a channel to those of a normal, and back.

    Equal quantiles are one knot, in the middle of what they would be. Numbers beyond the first and the last are
    taken for these.

    Args:
        values: Ascending, all different.
        scores: Theirs, ascending.

    Example:
        >>> Knots([0.0, 10.0], [-1.0, 1.0]).apply(np.array([5.0, 99.0])).tolist()
        [0.0, 1.0]
    """

    def __init__(self, values: Sequence[float], scores: Sequence[float]) -> None:
        self.values, self.scores = np.array(values, float), np.array(scores, float)
        if self.values.shape != self.scores.shape or not len(self.values) or (np.diff(self.values) <= 0).any():
            raise ValueError("knots are pairs of numbers, ascending")

    @classmethod
    def of(cls, sample: Median, count: int) -> Knots:
        """Those of a channel with so many values."""
        number = max(min(count // _ROWS_EACH, _MOST), _FEWEST)
        levels = np.linspace(0, 1, number)
        edge = max(_LEAST, 0.5 / count)
        normal = statistics.NormalDist()
        scores = np.array([normal.inv_cdf(level) for level in np.clip(levels, edge, 1 - edge).tolist()])
        values = np.array(sample.quantiles(levels.tolist()))
        unique, first, counts = np.unique(values, return_index=True, return_counts=True)
        middle = (scores[first] + scores[first + counts - 1]) / 2
        return cls(unique.tolist(), middle.tolist())

    def apply(self, values: Floats) -> Floats:
        """The scores."""
        scores: Floats = np.interp(values, self.values, self.scores)
        return scores

    def invert(self, scores: Floats) -> Floats:
        """The values; of a channel that is always the same, that."""
        values: Floats = np.interp(scores, self.scores, self.values)
        return values

    def state(self) -> dict[Literal["values", "scores"], list[float]]:
        """As JSON values."""
        return {"values": self.values.tolist(), "scores": self.scores.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Knots:
        """The knots whose `state` this is. Raises ValueError when it is none."""
        return cls(state["values"], state["scores"])
