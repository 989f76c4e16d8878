"""Forecasts that need no model: the last value again, or the last season again. What a model must beat."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["last_value", "seasonal_naive", "seasonal_scale", "seasons_back"]


def last_value(past: NDArray[Any], steps: int) -> NDArray[Any]:
    """The last value of each window, for every step ahead; of numbers as of classes.

    Args:
        past: `(windows, length, ...)` the target in the window, in its own unit, ascending in time. NaN where it is
            not known: the last that is known is repeated.
        steps: How many steps ahead.

    Returns:
        `(windows, steps, ...)`.

    Example:
        >>> last_value(np.array([[3.0, 5.0]]), 2)
        array([[5., 5.]])
    """
    last = past[:, -1]
    if np.issubdtype(past.dtype, np.floating):
        known = np.isfinite(past)
        place = past.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
        last = np.take_along_axis(past, place[:, np.newaxis], axis=1)[:, 0]
    return np.repeat(last[:, np.newaxis], steps, axis=1)


def seasons_back(season: int, steps: int, delay: int = 0) -> NDArray[np.int64]:
    """How many steps before the first step ahead lies what each step ahead repeats, `(steps,)`: a whole number of
    seasons before it, and the latest that is known.

    Args:
        season: Steps of a season.
        steps: How many steps ahead.
        delay: Steps between the past and the first step ahead, of which nothing is known.

    Example:
        >>> seasons_back(3, 5)
        array([3, 2, 1, 3, 2])
    """
    ahead = np.arange(steps)
    seasons = -(-(ahead + 1 + delay) // season)
    return seasons * season - ahead


def seasonal_naive(past: NDArray[Any], steps: int, season: int, *, delay: int = 0) -> NDArray[Any]:
    """What was one season ago, for every step ahead.

    Args:
        past: As of `last_value`. Where it is shorter than a season, the last value is repeated.
        steps: How many steps ahead.
        season: Steps of a season.
        delay: Steps between the past and the first step ahead.

    Returns:
        `(windows, steps, ...)`.

    Example:
        >>> seasonal_naive(np.array([[1.0, 2.0, 3.0]]), 4, 3)
        array([[1., 2., 3., 1.]])
    """
    back = seasons_back(season, steps, delay) - delay
    if back.max(initial=1) > past.shape[1]:
        return last_value(past, steps)
    return past[:, past.shape[1] - back]


def seasonal_scale(values: NDArray[np.float64], starts: NDArray[np.int64], season: int) -> float:
    """The mean absolute error of the seasonal-naive forecast within the training rows, by which errors are divided to
    be compared among series (MASE; Hyndman and Koehler 2006). NaN where there is no pair of steps a season apart.

    Args:
        values: `(steps,)` of one series after the other.
        starts: `(series,)` the place of each series' first step.
        season: Steps of a season; 1 compares neighbours.

    Example:
        >>> seasonal_scale(np.array([1.0, 2.0, 4.0]), np.array([0]), 1)
        1.5
    """
    series = np.zeros(len(values), np.int64)
    series[starts] = 1
    series = np.cumsum(series)
    same = series[season:] == series[:-season]
    errors = np.abs(values[season:] - values[:-season])[same]
    errors = errors[np.isfinite(errors)]
    return float(errors.mean()) if len(errors) else float("nan")
