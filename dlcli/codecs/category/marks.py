"""Marks of categories scaled as numbers are: by what the training rows have of each."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dlcli.data.values.soft_clip import clip

__all__ = ["scaled"]

Floats = NDArray[np.float64]


def scaled(table: Floats, counts: NDArray[np.int64]) -> Floats:
    """Each column less its median, divided by the distance of its quartiles, and clipped smoothly.

    Where that distance is 0 it is half the distance of the least and the greatest; a column of one value is 0.

    Args:
        table: What each kind of row has, `(kinds, columns)`.
        counts: How many rows are of each kind, `(kinds,)`; 1 or more in all.

    Example:
        >>> scaled(np.array([[0.0], [1.0]]), np.array([3, 3])).round(2).tolist()  # as many of both
        [[-0.49], [0.49]]
        >>> scaled(np.array([[0.0], [1.0]]), np.array([90, 10])).round(2).tolist()  # a rare mark stands out
        [[0.0], [1.66]]
    """
    return np.stack([_scaled(column, counts) for column in table.T.astype(float)], axis=1)


def _scaled(column: Floats, counts: NDArray[np.int64]) -> Floats:
    there = column[counts > 0]
    lower, median, upper = (_quantile(column, counts, level) for level in (0.25, 0.5, 0.75))
    distance = upper - lower if upper > lower else (there.max() - there.min()) / 2
    return clip((column - median) / distance) if distance else np.zeros_like(column)


def _quantile(values: Floats, counts: NDArray[np.int64], level: float) -> float:
    """That of the rows, linear between two of them, as NumPy's."""
    order = np.argsort(values)
    ends = np.cumsum(counts[order])
    place = level * (int(ends[-1]) - 1)
    before = math.floor(place)
    low, high = (values[order][np.searchsorted(ends, at, side="right")] for at in (before, math.ceil(place)))
    return float(low + (high - low) * (place - before))
