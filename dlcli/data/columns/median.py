"""The median of numbers that arrive in chunks, and their other quantiles, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXACT_UP_TO", "Median"]

EXACT_UP_TO = 1_000_000
"""How many values a median keeps: it is exact up to here, and that of a random sample of so many beyond."""


class Median:
    """The median of one channel, the same however the values are cut into chunks.

    Beyond `capacity` values a uniform sample is kept: every value draws a random key, in order, from a generator
    with a seed, and those with the smallest keys stay.

    Args:
        seed: Seed of the sample.
        capacity: How many values are kept.
    """

    def __init__(self, seed: int = 0, capacity: int = EXACT_UP_TO) -> None:
        self._capacity = capacity
        self._random = np.random.Generator(np.random.Philox(seed))
        self._values: list[NDArray[np.float64]] = []
        self._keys: list[NDArray[np.float64]] = []
        self._kept = 0

    def update(self, values: NDArray[np.float64]) -> None:
        """Take in numbers `(count,)`, all finite."""
        if not len(values):
            return
        self._values.append(values.copy())
        self._keys.append(self._random.random(len(values)))
        self._kept += len(values)
        if self._kept > 2 * self._capacity:
            self._shrink()

    def value(self) -> float:
        """The median; the mean of the middle two of an even count. There must be a value."""
        return float(np.median(self._sample()))

    def quantiles(self, levels: Sequence[float]) -> list[float]:
        """The values below which these shares of all lie. There must be a value."""
        return [float(each) for each in np.quantile(self._sample(), levels)]

    def _sample(self) -> NDArray[np.float64]:
        if self._kept > self._capacity:
            self._shrink()
        return np.concatenate(self._values)

    def _shrink(self) -> None:
        values, keys = np.concatenate(self._values), np.concatenate(self._keys)
        # Sorted rather than partitioned: equal keys would otherwise fall by the accident of the chunking.
        kept = np.argsort(keys, kind="stable")[: self._capacity]
        kept.sort()
        self._values, self._keys, self._kept = [values[kept]], [keys[kept]], len(kept)
