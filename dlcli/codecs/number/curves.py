"""Scales that are no straight lines: numbers far from the others come nearer, and their order stays."""

from __future__ import annotations

import functools
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

_NEAR = 0.02
"""So near a straight line must be to the curve of a normal's quantiles, else there is a knot between."""

_NORMAL = statistics.NormalDist()


def quartiles(samples: Sequence[Median]) -> Floats:
    """The quartiles and the median between them of each channel, `(3, channels)`."""
    return np.array([sample.quantiles(LEVELS) for sample in samples]).T


class Knots:
    """Piecewise linear from the quantiles of a channel to those of a normal, and back.

    A number between two quantiles is at a level between theirs, in proportion; the lines are near the normal's score of
    that level. Equal quantiles are one knot, in the middle of their levels. Numbers beyond the first and the last are
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
        unique, first, counts = np.unique(
            np.array(sample.quantiles(levels.tolist())), return_index=True, return_counts=True
        )
        middle = (levels[first] + levels[first + counts - 1]) / 2
        return cls._through(unique, middle)

    @classmethod
    def _through(cls, values: Floats, levels: Floats) -> Knots:
        """Those of quantiles that differ, with more knots where the curve is bent."""
        pairs = zip(levels.tolist(), levels[1:].tolist(), strict=False)
        between = [level for pair in pairs for level in _bends(*pair)]
        all_levels = np.sort(np.concatenate([levels, between]))
        knots, kept = np.unique(np.interp(all_levels, levels, values), return_index=True)
        return cls(knots.tolist(), [_score(level) for level in all_levels[kept].tolist()])

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


def _score(level: float) -> float:
    """What of a normal is at a level."""
    return _NORMAL.inv_cdf(min(max(level, _LEAST), 1 - _LEAST))


@functools.lru_cache(maxsize=4096)  # columns without equal quantiles have the same levels
def _bends(low: float, high: float) -> tuple[float, ...]:
    """The levels between two where a line needs another knot."""
    start, end = _score(low), _score(high)
    near = all(
        abs(_score(low + part * (high - low)) - (start + part * (end - start))) <= _NEAR for part in (0.25, 0.5, 0.75)
    )
    middle = (low + high) / 2
    return () if near else (*_bends(low, middle), middle, *_bends(middle, high))
