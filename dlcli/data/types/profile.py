"""What inference has to know of a whole column, gathered chunk by chunk in memory that the column's length does not
decide: of numbers no more than their range, of texts the different ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import numbers_array, texts_array
from dlcli.data.columns.chunk import Kind
from dlcli.data.columns.codec import Column
from dlcli.data.columns.compact_dates import CompactDates, DateForm
from dlcli.data.columns.names import value_names
from dlcli.data.values.codes import has_codes
from dlcli.data.values.conversion import count_numbers, kind_of

__all__ = ["ISO", "ColumnProfile", "Gather", "Values", "parts_of", "profile"]

Values: TypeAlias = pa.ChunkedArray | NDArray[Any] | Iterable[Column]
"""A whole column; chunks must come each time that they are asked for."""

Gather = Literal["texts", "whole", "all"]
"""Which different values are wanted: of texts, of whole numbers and moments as well, or of all numbers too."""

ISO = (
    r"^\s*([12][0-9]{3}-(0[1-9]|1[0-2])|[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?)\s*$"
)
"""Months, days and times in ISO 8601. A year alone is a number."""

_COMPACT = 100_000
"""Texts that are gathered before those that repeat are dropped."""

_WHOLE = r"^-?[0-9]+$"


@dataclasses.dataclass(frozen=True)
class ColumnProfile:
    """A column as a whole.

    Args:
        type: Of its values; texts when its chunks are of different types.
        present: How many cells have a value.
        missing: How many have none.
        constant: Whether all values are the same.
        number_cells: How many cells are numbers, or texts that are written as such.
        moment_cells: How many cells are moments, or texts that are written as such in ISO 8601.
        codes: Whether some texts are numbers with leading zeros.
        whole: Whether all values are whole numbers.
        distinct: The names of the values (`data/columns/names.py`); None where they were not gathered, because
            they are numbers.
        dates: How all values are dates, where they are numbers such as 20150314.
        folder: Where the files would be that its texts may name; None for a table in memory.
    """

    type: pa.DataType
    present: int
    missing: int
    constant: bool
    number_cells: int
    moment_cells: int
    codes: bool
    whole: bool
    distinct: pa.Array | None
    dates: DateForm | None = None
    folder: Path | None = None

    @property
    def kind(self) -> Kind | None:
        """What its values are; None for those that cannot be read."""
        return kind_of(self.type)

    @property
    def numbers(self) -> bool:
        """Whether all values are numbers, and none a code."""
        return 0 < self.present == self.number_cells and not self.codes


def profile(values: Values, *, gather: Gather = "texts") -> ColumnProfile:
    """Look at all values of a column.

    Args:
        values: The column; one value a row.
        gather: Which different values are wanted.

    Example:
        >>> profile(pa.chunked_array([["a", "b"], ["a", None]])).distinct.to_pylist()
        ['a', 'b']
    """
    found = _profile(parts_of(values), gather)
    if found.distinct is None and pa.types.is_string(found.type) and not found.numbers:
        # Texts came beside values that were let go of, because they were numbers or moments.
        return _profile(parts_of(values), "all")
    return found


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
        if not pa.types.is_floating(values.type):
            return values
        return pc.if_else(pc.is_nan(values), pa.nulls(len(values), values.type), values)
    flat = values.reshape(len(values))
    found = pa.array(flat.astype(np.float64) if flat.dtype == np.float16 else flat, from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _profile(parts: Iterable[Column], gather: Gather) -> ColumnProfile:
    look = _Look(gather)
    for part in parts:
        look.add(as_arrow_column(part))
    return look.result()


class _Look:
    """One pass over the chunks of a column."""

    def __init__(self, gather: Gather) -> None:
        self._gather = gather
        self._type: pa.DataType | None = None
        self._present = self._missing = self._numbers = self._moments = 0
        self._codes, self._whole = False, True
        self._two: tuple[str, ...] = ()  # different values: two tell that a column is not constant
        self._distinct: _Distinct | None = _Distinct()
        self._dates = CompactDates()

    def add(self, column: pa.Array) -> None:
        """Take in a chunk."""
        if self._type is None or not self._present:
            self._type = column.type
        elif column.null_count < len(column) and self._type != column.type:
            self._type = pa.string()
        self._missing += column.null_count
        self._present += len(column) - column.null_count
        if column.null_count < len(column):
            self._add(column.drop_null())

    def result(self) -> ColumnProfile:
        """What the pass has shown."""
        return ColumnProfile(
            type=pa.string() if self._type is None else self._type,
            present=self._present,
            missing=self._missing,
            constant=len(self._two) == 1,
            number_cells=self._numbers,
            moment_cells=self._moments,
            codes=self._codes,
            whole=self._whole and not self._codes and 0 < self._present == self._numbers,
            distinct=None if self._distinct is None else self._distinct.values(),
            dates=self._dates.form(),
        )

    def _add(self, column: pa.Array) -> None:
        match kind_of(column.type):
            case None:
                self._distinct = None
                return
            case "text":
                names = self._texts(column)
            case "number":
                self._numbers += len(column)
                self._dates.add(column)
                if self._whole and not pa.types.is_integer(column.type):
                    self._whole = bool(pc.all(pc.equal(pc.floor(column), column)).as_py())
                gathered = self._gather == "all" or (self._gather == "whole" and self._whole)
                names = self._typed(column, gathered=gathered)
            case kind:
                self._whole = False
                self._dates.end()
                self._moments += len(column) if kind == "datetime" else 0
                names = self._typed(column, gathered=kind == "boolean" or self._gather != "texts")
        if len(self._two) < 2:
            self._two = tuple(dict.fromkeys([*self._two, *names.slice(0, 2).to_pylist()]))[:2]
        if self._distinct is not None:
            self._distinct.add(names)

    def _texts(self, column: pa.Array) -> pa.Array:
        counted = column.value_counts()
        values, counts = counted.field(0), counted.field(1)
        names = value_names(values).unique()
        self._numbers += count_numbers(values, counts)
        self._moments += pc.sum(counts.filter(pc.match_substring_regex(values, ISO))).as_py() or 0
        self._codes = self._codes or has_codes(values)
        self._whole = self._whole and bool(pc.all(pc.match_substring_regex(names, _WHOLE)).as_py())
        self._add_dates(names)
        if self._gather != "all" and self._numbers == self._present and not self._whole and len(names) > 1:
            self._distinct = None
        return names

    def _add_dates(self, names: pa.Array) -> None:
        if self._whole and self._numbers == self._present and not self._codes:
            self._dates.add(names.cast(pa.float64()))
        else:
            self._dates.end()

    def _typed(self, column: pa.Array, *, gathered: bool) -> pa.Array:
        """The names of a chunk's different values, or of its least and greatest."""
        if not gathered:
            self._distinct = None
            ends = pc.min_max(column)
            places = [pc.index(column, ends[end]).as_py() for end in ("min", "max")]
            return value_names(column.take(numbers_array(np.array(places)))).unique()
        return value_names(column.unique()).unique()


class _Distinct:
    """Different names, in the order of their first occurrence."""

    def __init__(self) -> None:
        self._parts: list[pa.Array] = []
        self._limit = _COMPACT

    def add(self, values: pa.Array) -> None:
        self._parts.append(values)
        if sum(map(len, self._parts)) > self._limit:
            self._parts = [pa.concat_arrays(self._parts).unique()]
            self._limit = max(_COMPACT, 2 * len(self._parts[0]))

    def values(self) -> pa.Array:
        return pa.concat_arrays(self._parts).unique() if self._parts else texts_array([])
