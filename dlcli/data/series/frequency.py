"""How far apart the steps of series are: found in their times, counted, and carried on after the last.

Times are `(rows,)` int64 microseconds since 1970 UTC, as `columns/instants.py` reads them, or plain numbers. A step is
of the calendar where a calendar is meant: months are not all of the same length, and Friday stands beside Monday.

Local times written without their distance from UTC are taken as they stand. Where clocks are set forward the step that
is skipped is missing, and where they are set back the hour that comes twice is a duplicate: such times are to be
written with their distance from UTC, or in UTC. Days, weeks and months of times that are written with it may be an hour
longer or shorter than others, and are steps as any.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlcli.config.options.frequency import Frequency

__all__ = ["Times", "infer_frequency", "next_times", "steps_between", "usual_days"]

Times: TypeAlias = NDArray[Any]
"""Microseconds since 1970 UTC, or plain numbers: int64 or float64."""

REGULAR = 0.9
"""The share of neighbours that must be a whole number of steps apart, for the steps to be regular."""
USUAL = 0.5
"""The share that must be just one step apart."""

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_MONTH = np.timedelta64(1, "M")
_SHORTEST_MONTH = 28 * _DAY - _HOUR


def infer_frequency(
    times: Times, starts: NDArray[np.int64] | None = None, *, numbers: bool = False
) -> Frequency | None:
    """The step of series; None where most of their neighbours are no regular steps apart.

    Args:
        times: Of one series after the other, ascending in each. Times that come twice are passed over.
        starts: The place of each series' first time; None for one series.
        numbers: They are plain numbers.

    Example:
        >>> infer_frequency(np.array([0, 1, 2, 4]), numbers=True)
        Frequency(unit='number', count=1, at_end=False)
    """
    before, after = _neighbours(times, starts)
    if not numbers and len(before) and (after - before).min() >= _DAY - _HOUR:
        before, after = _neighbours(_without_summer_time(times), starts)
    if not len(before):
        return None
    distances = after - before
    if numbers:
        count = _usual_step(distances)
        return None if count is None else Frequency("number", count)
    return _months(before, after) or _business_days(before, after) or _fixed(distances)


def steps_between(frequency: Frequency, earlier: Times, later: Times) -> NDArray[np.int64]:
    """How many steps later times come after earlier ones, `(rows,)`: 1 for neighbours, more where some are missing
    between them, and 0 where both are in the same step.

    Example:
        >>> january, march = np.array(["2024-01-01", "2024-03-01"], "M8[us]").astype(np.int64)
        >>> int(steps_between(Frequency("month", 1), january, march))
        2
    """
    distances: Times
    match frequency.unit:
        case "month":
            distances = _month_of(later) - _month_of(earlier)
        case "business_day":
            distances = np.asarray(np.busday_count(_day_of(earlier), _day_of(later)))
        case _:
            distances = later - earlier
    return np.asarray(np.rint(distances / frequency.count), np.int64)


def next_times(frequency: Frequency, last: Times, steps: int, *, days: NDArray[np.int64] | None = None) -> Times:
    """The times of the steps after some times.

    Args:
        frequency: The step.
        last: `(series,)`.
        steps: How many.
        days: `(series,)` of months, on which day they are, as `usual_days` finds it; that of the last when None.

    Returns:
        `(series, steps)`. The 31st is followed by the last day of a shorter month.
    """
    last = np.asarray(last)[:, np.newaxis]
    ahead = np.arange(1, steps + 1)
    match frequency.unit:
        case "month":
            aims = _day_of_month(last) if days is None else days[:, np.newaxis]
            return _add_months(last, ahead * int(frequency.count), aims, at_end=frequency.at_end)
        case "business_day":
            dates = np.busday_offset(_day_of(last), ahead * int(frequency.count), roll="backward")
            return np.asarray(dates.astype("M8[us]").astype(np.int64) + last % _DAY)
        case "number" if isinstance(frequency.count, float) and np.issubdtype(last.dtype, np.floating):
            return np.asarray(np.round(last + ahead * frequency.count, 12))
    return np.asarray(last + ahead * frequency.count)


def usual_days(times: Times, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """On which day of the month each of a series is, `(steps,)`: the 30th is the 28th of February, and still the 30th.

    Args:
        times: Of one series after the other.
        starts: The place of each series' first time.
    """
    days = _day_of_month(times)
    latest = np.repeat(np.maximum.reduceat(days, starts), np.diff(np.append(starts, len(times))))
    return np.where(days == _month_length(times), latest, days)


def _neighbours(times: Times, starts: NDArray[np.int64] | None) -> tuple[Times, Times]:
    """Those that follow each other within a series, and are not the same."""
    follow = np.diff(times) > 0
    if starts is not None:
        follow[np.asarray(starts)[np.asarray(starts) > 0] - 1] = False
    return times[:-1][follow], times[1:][follow]


def _without_summer_time(times: Times) -> NDArray[np.int64]:
    """Days that begin at one hour of UTC in winter and an hour earlier in summer, all at the hour of winter."""
    moments = np.asarray(times, np.int64)
    hours = np.unique(moments % _DAY)
    if len(hours) != 2:
        return moments
    summer = hours[0] if (hours[0] + _HOUR) % _DAY == hours[1] else hours[1]
    if (summer + _HOUR) % _DAY not in hours:
        return moments
    return np.where(moments % _DAY == summer, moments + _HOUR, moments)


def _months(before: Times, after: Times) -> Frequency | None:
    """On the same day of every so many months, or on the last of each."""
    if (after - before).min() < _SHORTEST_MONTH:
        return None
    moments = np.concatenate([before, after])
    if len(np.unique(moments % _DAY)) > 1:
        return None
    days, lengths = _day_of_month(moments), _month_length(moments)
    at_end = bool((days == lengths).all())
    if not at_end and (days != np.minimum(days.max(), lengths)).any():
        return None
    count = _usual_step(_month_of(after) - _month_of(before))
    return None if count is None else Frequency("month", count, at_end)


def _business_days(before: Times, after: Times) -> Frequency | None:
    """Every day but those of weekends, of which at least one has passed."""
    moments = np.concatenate([before, after])
    if len(np.unique(moments % _DAY)) > 1 or not np.is_busday(_day_of(moments)).all():
        return None
    days, working = (after - before) // _DAY, np.busday_count(_day_of(before), _day_of(after))
    regular = _usual_step(working) == 1 and (days == 1).any() and (days > working).any()
    return Frequency("business_day", 1) if regular else None


def _fixed(distances: Times) -> Frequency | None:
    count = _usual_step(distances)
    return None if count is None else Frequency("time", count)


def _usual_step(distances: Times) -> int | float | None:
    """The commonest of distances above 0, the least of several; None where too many are no multiples of it."""
    whole = np.issubdtype(distances.dtype, np.integer) or bool((distances == np.rint(distances)).all())
    scale = 1 if whole else float(np.median(distances))
    sizes, counts = np.unique(np.round(distances / scale, 6), return_counts=True)
    place = int(counts.argmax())
    step = sizes[place] * scale
    multiples = distances / step
    regular = np.abs(multiples - np.rint(multiples)) < 1e-3
    if counts[place] < USUAL * len(distances) or regular.mean() < REGULAR:
        return None
    return round(step) if whole else _plain(float(step))


def _plain(step: float) -> float:
    """A step without the noise of the differences that it was found in: 0.1, but not 0.333333 for a third."""
    return next((short for digits in (6, 9) if abs((short := float(f"{step:.{digits}g}")) - step) < 1e-9 * step), step)


def _add_months(
    moments: Times, months: NDArray[np.int64], days: NDArray[np.int64], *, at_end: bool
) -> NDArray[np.int64]:
    aim = (_month_of(moments) + months).astype("M8[M]")
    length = (aim + _MONTH).astype("M8[D]") - aim.astype("M8[D]")
    day = length.astype(np.int64) if at_end else np.minimum(days, length.astype(np.int64))
    dates = aim.astype("M8[D]").astype(np.int64) + day - 1
    return np.asarray(dates * _DAY + moments % _DAY, np.int64)


def _day_of(moments: Times) -> NDArray[np.datetime64]:
    return np.asarray(moments, np.int64).astype("M8[us]").astype("M8[D]")


def _month_of(moments: Times) -> NDArray[np.int64]:
    """Months since January 1970."""
    return np.asarray(_day_of(moments).astype("M8[M]").astype(np.int64))


def _day_of_month(moments: Times) -> NDArray[np.int64]:
    days = _day_of(moments)
    return np.asarray((days - days.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1)


def _month_length(moments: Times) -> NDArray[np.int64]:
    months = _day_of(moments).astype("M8[M]")
    return np.asarray(((months + _MONTH).astype("M8[D]") - months.astype("M8[D]")).astype(np.int64))
