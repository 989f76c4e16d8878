"""Statistics of numbers that arrive in chunks: the same, up to rounding, however the rows are cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST", "Moments"]

LARGEST = float(np.finfo(np.float32).max)
"""The greatest number that the model can be fed; larger ones count as infinite."""


class Moments:
    """Count, mean, variance, minimum and maximum of each channel, in float64.

    Chunks are merged by Chan's method (Chan, Golub and LeVeque 1979), which does not lose digits as sums of squares do.
    Missing (NaN) and infinite numbers are passed over. The variance is the population's, as in Keras's Normalization.
    A channel of one value has exactly that mean and exactly the variance 0.

    Example:
        >>> moments = Moments(1)
        >>> moments.update(np.array([[1.0], [3.0]]))
        >>> moments.mean, moments.variance
        (array([2.]), array([1.]))
    """

    def __init__(self, channels: int) -> None:
        self.count = np.zeros(channels, dtype=np.int64)
        self.minimum = np.full(channels, np.inf)
        self.maximum = np.full(channels, -np.inf)
        self._mean = np.zeros(channels)
        self._squares = np.zeros(channels)  # the sum of squared deviations from the mean

    def update(self, block: NDArray[np.float64]) -> None:
        """Take in numbers `(count, channels)`."""
        if not block.size:
            return
        valid = np.abs(block) <= LARGEST
        whole = bool(valid.all())  # the common case needs no masked copies
        count = valid.sum(axis=0)
        self.minimum = np.minimum(self.minimum, (block if whole else np.where(valid, block, np.inf)).min(axis=0))
        self.maximum = np.maximum(self.maximum, (block if whole else np.where(valid, block, -np.inf)).max(axis=0))
        divisor = np.maximum(count, 1)
        mean = (block if whole else np.where(valid, block, 0.0)).sum(axis=0) / divisor
        deviations = block - mean if whole else np.where(valid, block, mean) - mean
        drift = deviations.sum(axis=0)  # what rounding left of the mean
        squares = np.einsum("ij,ij->j", deviations, deviations) - drift * drift / divisor
        self._merge(count, mean + drift / divisor, squares)

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean of each channel; 0 where there is no value."""
        return np.where(self._constant, self.minimum, self._mean)

    @property
    def variance(self) -> NDArray[np.float64]:
        """The population variance of each channel."""
        variance = np.maximum(self._squares, 0.0) / np.maximum(self.count, 1)
        return np.where(self._constant, 0.0, variance)

    def state(self) -> dict[str, list[int] | list[float]]:
        """The statistics as JSON values. Every channel must have a value."""
        return {
            "count": self.count.tolist(),
            "mean": self.mean.tolist(),
            "squared_deviations": self._squares.tolist(),
            "min": self.minimum.tolist(),
            "max": self.maximum.tolist(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Moments:
        """The statistics whose `state` this is, bit for bit. Raises ValueError when it is none."""
        moments = cls(len(state["count"]))
        moments.count = np.array(state["count"], dtype=np.int64)
        moments.minimum, moments.maximum = np.array(state["min"], float), np.array(state["max"], float)
        moments._mean = np.array(state["mean"], float)
        moments._squares = np.array(state["squared_deviations"], float)
        arrays = (moments.minimum, moments.maximum, moments._mean, moments._squares)
        if any(array.shape != moments.count.shape for array in arrays):
            raise ValueError("statistics of different lengths")
        return moments

    @property
    def _constant(self) -> NDArray[np.bool_]:
        constant: NDArray[np.bool_] = self.minimum == self.maximum
        return constant

    def _merge(self, count: NDArray[np.int64], mean: NDArray[np.float64], squares: NDArray[np.float64]) -> None:
        total = self.count + count
        share = count / np.maximum(total, 1)
        distance = mean - self._mean
        self._squares = self._squares + squares + distance * distance * (self.count * share)
        self._mean = self._mean + distance * share
        self.count = total
