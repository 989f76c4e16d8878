"""How good predicted quantiles are: each by its own loss, and by how many true values are below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["QuantileReport"]


class QuantileReport:
    """The pinball loss and the coverage of quantiles, chunk by chunk, in the target's own unit.

    The pinball loss of the quantile q is `mean(max(q * (y - p), (q - 1) * (y - p)))`. Its coverage is the share of the
    true values that are not above it, which is q for a quantile that is right. Two quantiles that are as far from 0 and
    1 bound an interval: how many true values are in it, its bounds included, and how wide it is on average.

    Args:
        quantiles: Ascending.

    Example:
        >>> report = QuantileReport((0.1, 0.9))
        >>> report.add(np.array([[1.0], [2.0]]), [np.array([[0.0], [0.0]]), np.array([[1.0], [1.0]])])
        >>> report.result()["intervals"]["0.1 to 0.9"]
        {'nominal': 0.8, 'coverage': 0.5, 'width': 1.0}
    """

    def __init__(self, quantiles: Sequence[float]) -> None:
        self._levels = tuple(quantiles)
        last = len(self._levels) - 1
        self._pairs = [
            (place, last - place)
            for place in range(len(self._levels) // 2)
            if abs(self._levels[place] + self._levels[last - place] - 1) < 1e-9
        ]
        self._count = 0
        self._losses, self._below = np.zeros(last + 1), np.zeros(last + 1)
        self._inside, self._widths = np.zeros(len(self._pairs)), np.zeros(len(self._pairs))

    def add(self, true: NDArray[np.floating], quantiles: Sequence[NDArray[np.floating]]) -> None:
        """Add a chunk: true values, and an array of their shape for each quantile. What is NaN covers nothing."""
        values = true.astype(np.float64)
        self._count += values.size
        for place, (level, predicted) in enumerate(zip(self._levels, quantiles, strict=True)):
            error = values - predicted
            self._losses[place] += np.maximum(level * error, (level - 1) * error).sum()
            self._below[place] += (error <= 0).sum()
        for place, (low, high) in enumerate(self._pairs):
            self._inside[place] += ((values >= quantiles[low]) & (values <= quantiles[high])).sum()
            self._widths[place] += (quantiles[high].astype(np.float64) - quantiles[low]).sum()

    def result(self) -> dict[str, Any]:
        """`quantiles` and `intervals`, by their levels, and the mean of the losses."""
        count = max(self._count, 1)
        return {
            "pinball": float(self._losses.mean() / count),
            "quantiles": {
                repr(level): {"nominal": level, "coverage": float(below / count), "pinball": float(loss / count)}
                for level, loss, below in zip(self._levels, self._losses, self._below, strict=True)
            },
            "intervals": {
                f"{self._levels[low]!r} to {self._levels[high]!r}": {
                    "nominal": round(self._levels[high] - self._levels[low], 9),
                    "coverage": float(inside / count),
                    "width": float(width / count),
                }
                for (low, high), inside, width in zip(self._pairs, self._inside, self._widths, strict=True)
            },
        }
