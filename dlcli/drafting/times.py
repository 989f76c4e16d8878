"""The column that tells when a row was, in dates or in numbers, and those that tell of which series it is a step."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.instants import instants
from dlcli.data.lint.entities import is_time_name
from dlcli.drafting.columns import Column

__all__ = ["UNITS", "find_series", "moments_of", "numbered_times"]

UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
"""What time since 1970 is counted in."""

_FIRST, _LAST = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC).timestamp() for year in (1990, 2100))
"""Seconds since 1970 of what is likely to be meant by a time."""

_FEWEST = 5
"""Steps that a series has in the mean, for columns to tell series apart."""

_MOST_COLUMNS = 12
"""Columns of which pairs are tried."""


def numbered_times(column: Column) -> str:
    """How numbers tell the time, with their range: since 1970 in a unit, or as months; empty for other numbers.

    A column that is called as times are, and whose numbers lie in so few decades, is no other number by chance.
    """
    if not is_time_name(column.name) or column.cells.is_array or (numbers := column.cells.numbers) is None:
        return ""
    least, most = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    for unit, count in UNITS.items():
        if _FIRST * count <= least and most <= _LAST * count:
            return f"{unit} since 1970, {_day(least / count)} to {_day(most / count)}"
    months = numbers[~np.isnan(numbers)] % 100
    if least >= 199001 and most <= 210012 and np.isin(months, np.arange(1, 13)).all():
        return f"months, {least:.0f} to {most:.0f}"
    return ""


def moments_of(column: Column) -> NDArray[Any]:
    """What the rows are ordered by, `(rows,)`: instants, or the numbers that tell the time."""
    numbers = column.cells.numbers
    if numbers is not None and column.feature is not None and column.feature.type == "number":
        return numbers
    format = None if column.feature is None else column.feature.date_format
    return instants(column.cells.column, format=format).microseconds


def _day(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()


def find_series(columns: Sequence[Column], order: str) -> tuple[str, ...]:
    """The column, or two, of which each value has one row for each time, and several; none where times are enough.

    Args:
        columns: All columns.
        order: The one that orders the rows.
    """
    times = next(column for column in columns if column.name == order).cells.codes
    if _are_different(times):
        return ()
    named = [column for column in columns if column.name != order and _may_name(column, len(times))]
    for several in _several(named):
        parts = [column.cells.codes for column in several]
        if _are_different(times, *parts) and len(times) >= _FEWEST * _count(parts):
            return tuple(column.name for column in several)
    return ()


def _several(named: Sequence[Column]) -> Iterator[tuple[Column, ...]]:
    """One column, of the longest series first; then pairs of them."""
    ordered = sorted(named, key=lambda column: column.distinct)
    yield from ((column,) for column in ordered)
    yield from itertools.combinations(ordered[:_MOST_COLUMNS], 2)


def _may_name(column: Column, rows: int) -> bool:
    """Whether its values name things: texts and whole numbers, of which each is there several times."""
    if column.cells.is_array or column.cells.missing or not 1 < column.distinct <= rows / _FEWEST:
        return False
    if column.feature is None or column.feature.opens_files or column.feature.type in ("datetime", "boolean"):
        return False
    numbers = column.cells.numbers
    return numbers is None or np.array_equal(numbers, np.floor(numbers))


def _are_different(*parts: NDArray[np.int64]) -> bool:
    return _count(parts) == len(parts[0])


def _count(parts: Sequence[NDArray[np.int64]]) -> int:
    """How many different combinations there are."""
    together = parts[0]
    for part in parts[1:]:
        _, together = np.unique(together * (int(part.max()) + 1) + part, return_inverse=True)
    return len(np.unique(together))
