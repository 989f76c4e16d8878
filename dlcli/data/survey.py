"""What inference has to know of a whole column, gathered chunk by chunk in memory that the column's length does not
decide: of numbers no more than their range, of texts the different ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.features.codec import Column
from dlcli.data.sources.conversion import is_number_text, kind_of

__all__ = ["Survey", "Values", "parts_of", "survey"]

Values: TypeAlias = pa.ChunkedArray | NDArray[Any] | Iterable[Column]
"""A whole column; chunks must come each time that they are asked for."""

_COMPACT = 100_000
"""Texts that are gathered before those that repeat are dropped."""

_WHOLE = r"^\s*[+-]?[0-9]+\s*$"


@dataclasses.dataclass(frozen=True)
class Survey:
    """A column as a whole.

    Args:
        type: Of its values; texts when its chunks are of different types.
        present: How many cells have a value.
        missing: How many have none.
        constant: Whether all values are the same.
        numbers: Whether all values are texts that are written as numbers.
        whole: Whether these have no fraction.
        distinct: The different values; None where they were not gathered, because they are numbers.
    """

    type: pa.DataType
    present: int
    missing: int
    constant: bool
    numbers: bool
    whole: bool
    distinct: pa.Array | None


_EMPTY = Survey(pa.string(), 0, 0, False, False, False, pa.array([], pa.string()))


def survey(values: Values, *, every_number: bool = False) -> Survey:
    """Look at all values of a column.

    Args:
        values: The column; one value a row.
        every_number: Gather the different values of numbers too.

    Example:
        >>> survey(pa.chunked_array([["a", "b"], ["a", None]])).distinct.to_pylist()
        ['a', 'b']
    """
    found = _survey(parts_of(values), as_text=False, every_number=every_number)
    # Files may type a column differently: what differs is told apart by its text. And where other texts come after
    # texts that are all numbers, these are wanted too.
    return found or _survey(parts_of(values), as_text=True, every_number=True) or _EMPTY


def parts_of(values: Values) -> Iterable[Column]:
    """The chunks of a column."""
    if isinstance(values, np.ndarray):
        return [values]
    if isinstance(values, pa.ChunkedArray):
        return values.chunks or [pa.array([], values.type)]
    return values


def as_arrow_column(values: Column) -> pa.Array:
    """An array of one value a row as arrow has it, NaN as missing."""
    if not isinstance(values, np.ndarray):
        return values
    flat = values.reshape(len(values))
    found = pa.array(flat.astype(np.float64) if flat.dtype == np.float16 else flat, from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _survey(parts: Iterable[Column], *, as_text: bool, every_number: bool) -> Survey | None:
    """None when the chunks are not all of one type, or when texts that were let go of are wanted after all."""
    type_: pa.DataType | None = None
    present = missing = 0
    low: Any = None
    high: Any = None
    numbers = whole = True
    distinct: _Distinct | None = _Distinct()
    for part in parts:
        column = as_arrow_column(part)
        if as_text and not pa.types.is_string(column.type):
            column = column.cast(pa.string())
        if type_ is None:
            type_ = column.type
        elif column.type != type_:
            return None
        missing += column.null_count
        present += len(column) - column.null_count
        if column.null_count == len(column):
            continue
        kind = kind_of(column.type)
        if kind is None:
            distinct = None
            continue
        if kind in ("number", "datetime") and not every_number:
            distinct = None
            ends = pc.min_max(column).as_py()
            low = ends["min"] if low is None else min(low, ends["min"])
            high = ends["max"] if high is None else max(high, ends["max"])
            continue
        found = column.drop_null().unique()
        if kind == "text":
            numbers = numbers and is_number_text(found)
            whole = whole and numbers and bool(pc.all(pc.match_substring_regex(found, _WHOLE)).as_py())
            if distinct is None and not numbers:
                return None
            if numbers and not whole and not every_number and len(found) > 1:
                distinct, low, high = None, found[0].as_py(), found[1].as_py()
        if distinct is not None:
            distinct.add(found)
    values = None if distinct is None else distinct.values(pa.string() if type_ is None else type_)
    text = present > 0 and kind_of(type_) == "text"
    return Survey(
        type=pa.string() if type_ is None else type_,
        present=present,
        missing=missing,
        constant=low == high if values is None else len(values) == 1,
        numbers=text and numbers,
        whole=text and whole,
        distinct=values,
    )


class _Distinct:
    """Different values, in the order of their first occurrence."""

    def __init__(self) -> None:
        self._parts: list[pa.Array] = []
        self._limit = _COMPACT

    def add(self, values: pa.Array) -> None:
        self._parts.append(values)
        if sum(map(len, self._parts)) > self._limit:
            self._parts = [pa.concat_arrays(self._parts).unique()]
            self._limit = max(_COMPACT, 2 * len(self._parts[0]))

    def values(self, type_: pa.DataType) -> pa.Array:
        return pa.concat_arrays(self._parts).unique() if self._parts else pa.array([], type_)
