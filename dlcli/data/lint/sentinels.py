"""Values that stand for a missing one: -999 among temperatures, 1900-01-01 among days, -1 where nothing is below 0."""

from __future__ import annotations

import dataclasses
import datetime
import re

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.instants import instants
from dlcli.data.columns.names import text_name
from dlcli.data.lint.cells import Cells

__all__ = ["Sentinel", "may_hold_dates_of_none", "sentinels"]

_FEWEST = 30
"""Rows from which on a value may be there too often to be one like the others."""

_LEVELS, _MANY_LEVELS = 10, 20
"""Other values that there must be: of fewer it is a code like them. More, where it lies close by."""

_TIMES, _SHARE = 5, 0.005
"""How often it must be there, at least: rows, and a part of all of them."""

_OFTEN = 5
"""How many times as often as the others are, in the middle, where it lies close by."""

_NEAR = 0.25
"""How far off a day must be that is written for none, as a part of the time between the others."""

_SHAPE = re.compile(r"-?(7{2,}|8{2,}|9{2,})|-[1789]")
"""Of what is written where there is no number, and hardly ever measured."""

_LIMITS = (2**31 - 1, -(2**31), -(2**31) + 1, 2**15 - 1, -(2**15), 2**63 - 1, -(2**63), 1e20, 1e30, -1e20, -1e30)
"""The ends of what machines count by."""

_WHOLE_PARTS = (1, *(int(digit * length) for digit in "789" for length in range(1, 16)))
"""Of the numbers that have the shape, without the sign."""

_LEAST_BROKEN = 77
"""The least number with a fraction that has the shape: 77.7."""

_DAYS = (
    *("0001-01-01", "1601-01-01", "1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01"),
    *("1970-01-01", "2099-12-31", "2999-12-31", "9999-01-01", "9999-12-31"),
)
"""Days that programs write where there is none."""

_MAY_BE_ONE = "|".join(sorted({day[:4] for day in _DAYS}))
_GLANCE = 50
"""Texts that tell of most that they are no dates."""
_EPOCH = datetime.datetime(1970, 1, 1)


@dataclasses.dataclass(frozen=True)
class Sentinel:
    """A value that stands for a missing one.

    Args:
        mark: As it is written.
        count: In how many rows it is.
        others: What the others are, in words.
    """

    mark: str
    count: int
    others: str

    @property
    def in_words(self) -> str:
        """Such as `37 times -999, and all others are 1.5 to 40`."""
        return f"{self.count:,} times {self.mark}, and all others are {self.others}"


def sentinels(cells: Cells, *, dates: bool = False, format: str | None = None) -> list[Sentinel]:
    """The values of a column that stand for a missing one; none where there is room for doubt.

    It is often there, has the shape of what is written for nothing, and lies as far from all others as these are apart;
    or it is -1 where no other is below 0, or a day that programs write, and there more often than any like it.

    Args:
        cells: The column: numbers, or dates.
        dates: It is one of dates.
        format: How these are written; as ISO 8601 when None.
    """
    if cells.is_array:
        return []
    return _days(cells, format) if dates else _numbers(cells)


def may_hold_dates_of_none(cells: Cells) -> bool:
    """Whether some text has the year of a day that is written for none: a look that is quicker than reading dates."""
    return pc.any(pc.match_substring_regex(cells.named, _MAY_BE_ONE)).as_py() is True


def _numbers(cells: Cells) -> list[Sentinel]:
    numbers = cells.numbers
    if numbers is None or len(numbers) < _FEWEST:
        return []
    values, counts = np.unique(numbers[np.isfinite(numbers)], return_counts=True)
    likely = _may_have_shape(values)
    likely[likely] = [_has_shape(value) for value in values[likely].tolist()]
    if not likely.any() or likely.all():
        return []
    others, usual = values[~likely], float(np.median(counts[~likely]))
    found = []
    for value, count in zip(values[likely].tolist(), counts[likely].tolist(), strict=True):
        if _is_often(count, len(numbers)) and (_is_far(value, others) or _is_below(value, count, others, usual)):
            found.append(Sentinel(text_name(f"{value:.17g}"), count, f"{others[0]:g} to {others[-1]:g}"))
    return found


def _may_have_shape(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """A look at all at once, so that few have to be written out."""
    sizes = np.abs(values)
    whole = np.isin(np.floor(sizes), _WHOLE_PARTS) | np.isin(np.rint(sizes), _WHOLE_PARTS)
    whole &= (sizes >= _LEAST_BROKEN) | (values == np.rint(values))
    return whole | np.isin(values, _LIMITS)


def _has_shape(value: float) -> bool:
    if value in _LIMITS:
        return True
    if abs(value) >= 1e15 or (value != round(value) and abs(value) < _LEAST_BROKEN):
        return False
    return _SHAPE.fullmatch(f"{value:.6f}".rstrip("0").rstrip(".").replace(".", "")) is not None


def _is_often(count: int, rows: int) -> bool:
    return count >= max(_TIMES, _SHARE * rows)


def _is_far(value: float, others: NDArray[np.float64]) -> bool:
    away = max(others[0] - value, value - others[-1])
    return len(others) >= _LEVELS and bool(away > others[-1] - others[0])


def _is_below(value: float, count: int, others: NDArray[np.float64], usual: float) -> bool:
    return value < 0 <= others[0] and len(others) >= _MANY_LEVELS and count >= _OFTEN * usual and count >= 2 * _TIMES


def _days(cells: Cells, format: str | None) -> list[Sentinel]:
    if instants(cells.different.slice(0, _GLANCE), format=format).unreadable.any():
        return []
    read = instants(cells.different, format=format)
    if len(cells.codes) < _FEWEST or (read.unreadable | read.missing).any():
        return []
    counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(read.microseconds))
    written = {_microseconds(day) for day in _DAYS}
    likely = np.array([moment in written for moment in read.microseconds.tolist()], np.bool_)
    if not likely.any() or (~likely).sum() < _MANY_LEVELS:
        return []
    others, usual = np.sort(read.microseconds[~likely]), float(np.median(counts[~likely]))
    span = float(others[-1] - others[0])
    found = []
    for place in np.flatnonzero(likely).tolist():
        moment, count = int(read.microseconds[place]), int(counts[place])
        away = max(int(others[0]) - moment, moment - int(others[-1]))
        if _is_often(count, len(cells.codes)) and count >= _OFTEN * usual and away > _NEAR * span:
            found.append(Sentinel(cells.names[place], count, f"{_day(int(others[0]))} to {_day(int(others[-1]))}"))
    return found


def _microseconds(day: str) -> int:
    return (datetime.datetime.fromisoformat(day) - _EPOCH) // datetime.timedelta(microseconds=1)


def _day(microseconds: int) -> str:
    return (_EPOCH + datetime.timedelta(microseconds=microseconds)).date().isoformat()
