"""What the values of a column of categories tell of a target, in rows that they were not learnt from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["told_by_means"]

Numbers = NDArray[np.float64]


def told_by_means(codes: NDArray[np.int64], targets: Numbers) -> float:
    """The part of a target's variance that the means of the other rows of the same value explain, 0 to 1.

    Each mean is drawn to that of all rows, the more the fewer rows it is of, as analysis of variance finds best.

    Args:
        codes: The value of each row, from 0 on.
        targets: (rows, numbers); of classes a column of 0 and 1 for each.

    Example:
        >>> codes = np.arange(40) // 4
        >>> round(told_by_means(codes, (codes % 2)[:, np.newaxis] + np.arange(40)[:, np.newaxis] % 3 / 9), 2)
        0.95
        >>> told_by_means(codes, np.arange(40.0)[:, np.newaxis] % 4)
        0.0
    """
    rows, counts = len(codes), np.bincount(codes)
    counts = counts[counts > 0]
    around = targets - targets.mean(0)
    whole = float((around**2).sum())
    if not 1 < len(counts) < rows or whole <= 0:
        return 0.0
    _, codes = np.unique(codes, return_inverse=True)
    sums = np.stack([np.bincount(codes, weights=column) for column in around.T], axis=1)
    between = float((sums**2 / counts[:, np.newaxis]).sum())
    within = (whole - between) / (rows - len(counts))
    mean_rows = (rows - float((counts**2).sum()) / rows) / (len(counts) - 1)
    differ = (between / (len(counts) - 1) - within) / mean_rows
    if differ <= 0:
        return 0.0
    others = (counts - 1 + within / differ)[codes][:, np.newaxis]
    left = around - (sums[codes] - around) / np.maximum(others, 1e-9)
    return max(1 - float((left**2).sum()) / whole, 0.0)
