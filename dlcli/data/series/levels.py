"""Levels: where a series stands and how far it moves, taken out of what is learnt of it and put back afterwards.

A shop that sells ten a day and one that sells ten thousand are alike once each is measured by itself. Nothing is
fitted: a level is that of steps that a window may know, so that series which training never showed have theirs too.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Level", "LevelOf", "Running", "SeenTarget", "apply_level", "measure", "undo_level"]

LevelOf = Literal["window", "series"]
"""Of the steps that a window shows; or of all steps of its series up to the last that it shows."""

LEAST = 1e-6
"""A deviation below this, in the unit of the encoded target, is that of a constant, and 1 stands in for it."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The level of some windows, in the unit of an encoded target.

    Args:
        mean: `(windows, width)`
        deviation: `(windows, width)`, above 0.
        flat: The target is a vector of steps, with one number at each.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    flat: bool = False


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class SeenTarget:
    """A target whose past is among what a window shows.

    Args:
        name: The encoded array of steps that holds its past.
        columns: Its numbers there.
        factor: From those numbers to the encoded target's, `seen * factor + shift`: `(width,)`.
        shift: See `factor`.
        flat: See `Level`.
    """

    name: str
    columns: NDArray[np.int64]
    factor: NDArray[np.float64]
    shift: NDArray[np.float64]
    flat: bool = False

    def level(self, mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> Level:
        """The level, from the moments of what is seen."""
        deviation = deviation * self.factor
        return Level(mean * self.factor + self.shift, np.where(deviation > LEAST, deviation, 1.0), self.flat)

    def of_seen(self, level: Level) -> Level:
        """A level in the unit of what is seen."""
        return Level((level.mean - self.shift) / self.factor, level.deviation / self.factor)


class Running:
    """Moments of all steps from the first of a series to some other, for as many pairs as are wanted.

    Args:
        steps: `(steps, width)`, in the order of the series.
    """

    def __init__(self, steps: NDArray[Any]) -> None:
        wide = np.asarray(steps, np.float64)
        self._middle = wide.mean(axis=0)  # sums of squares far from 0 would lose the digits of the deviation
        wide = wide - self._middle
        nothing = np.zeros((1, wide.shape[1]))
        self._sums = np.concatenate([nothing, np.cumsum(wide, axis=0)])
        self._squares = np.concatenate([nothing, np.cumsum(wide**2, axis=0)])

    def moments(
        self, first: NDArray[np.int64], last: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and deviation of the steps from `first` to `last`, both included: `(pairs, width)` each."""
        count = (last - first + 1)[:, np.newaxis]
        mean = (self._sums[last + 1] - self._sums[first]) / count
        square = (self._squares[last + 1] - self._squares[first]) / count
        return mean + self._middle, np.sqrt(np.maximum(square - mean**2, 0))


def measure(steps: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation over the steps: from `(windows, steps, width)` to `(windows, width)` each."""
    wide = np.asarray(steps, np.float64)
    return wide.mean(axis=1), wide.std(axis=1)


def apply_level(numbers: NDArray[Any], level: Level) -> NDArray[Any]:
    """Numbers `(windows, [steps,] width)`, or `(windows, steps)` where they are flat, measured by their level.

    Example:
        >>> level = Level(np.array([[10.0]]), np.array([[2.0]]))
        >>> apply_level(np.array([[[8.0], [12.0]]]), level).ravel().tolist()
        [-1.0, 1.0]
    """
    mean, deviation = _beside(numbers, level)
    return np.asarray((numbers - mean) / deviation, numbers.dtype)


def undo_level(numbers: NDArray[Any], level: Level) -> NDArray[Any]:
    """What `apply_level` was given."""
    mean, deviation = _beside(numbers, level)
    return np.asarray(numbers * deviation + mean, numbers.dtype)


def _beside(numbers: NDArray[Any], level: Level) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation with the axes of the numbers."""
    if level.flat or numbers.ndim == level.mean.ndim:
        return level.mean, level.deviation
    shape = (len(numbers), *(1,) * (numbers.ndim - 2), level.mean.shape[-1])
    return level.mean.reshape(shape), level.deviation.reshape(shape)
