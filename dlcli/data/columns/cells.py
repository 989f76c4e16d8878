"""Reading the cells of a column: as numbers, or as a few different names and where each stands."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import numbers_array, plain_booleans, plain_numbers, texts_array
from dlcli.data.columns.codec import Column
from dlcli.data.columns.names import is_text, value_names
from dlcli.errors import DataError, Problem

__all__ = ["Labels", "Numbers", "as_arrow", "labels", "numbers", "sort_labels"]

_MAY_BE_NUMBER = r"(?i)^[+-]?([0-9.]+(e[+-]?[0-9]+)?|inf(inity)?|nan.*)$"
"""What Arrow may read as a number, and little else."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}")


@dataclasses.dataclass(frozen=True)
class Labels:
    """The cells of a column, as names.

    Args:
        codes: `(rows,)` int64, the place of each cell's name in `names`; -1 for a missing cell.
        names: The different names.
    """

    codes: NDArray[np.int64]
    names: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """How often each name occurs."""
        totals = np.bincount(self.codes[self.codes >= 0], minlength=len(self.names)).tolist()
        return dict(zip(self.names, totals, strict=True))

    def translate(self, value: Callable[[str], int], *, missing: int) -> NDArray[np.int64]:
        """Each cell's number, `(rows,)`, calling `value` once for each different name."""
        table = np.fromiter((*map(value, self.names), missing), dtype=np.int64, count=len(self.names) + 1)
        return table[self.codes]


@dataclasses.dataclass(frozen=True)
class Numbers:
    """The cells of a column, as numbers.

    Args:
        values: `(rows, *shape)` float64; NaN for missing and unreadable cells.
        unreadable: `(rows,)`, true where a cell holds something that is not a number; None when none does.
    """

    values: NDArray[np.float64]
    unreadable: NDArray[np.bool_] | None = None


def as_arrow(column: Column) -> pa.Array:
    """The column as an arrow array of one value a row.

    Raises:
        DataError: An array of several numbers a row.
    """
    if not isinstance(column, np.ndarray):
        return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    flat = column.reshape(len(column)) if column.size == len(column) else column
    if flat.ndim != 1:
        shape = ", ".join(map(str, column.shape[1:]))
        raise DataError(
            Problem(
                f"one value a row is expected, got an array of shape ({shape}) a row",
                hint="only numbers can be arrays: `type: number`",
                rule="array-shape",
            )
        )
    if flat.dtype == np.float16:
        flat = flat.astype(np.float64)
    if flat.dtype.kind in "iuf" and flat.dtype.isnative:
        return numbers_array(flat)
    array = pa.array(flat)  # arrow cuts long arrays of text into chunks
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def labels(column: Column, *, as_written: bool = False) -> Labels:
    """Read the cells as names: see `dlcli.data.columns.names`.

    Args:
        column: The cells; NaN is a missing one.
        as_written: Texts are what they are, not what they name: for what reads them in a way of its own.

    Raises:
        DataError: An array of several values a row, or lists.

    Example:
        >>> labels(pa.array([2.0, None, 0.5, 2.0]))
        Labels(codes=array([ 0, -1,  1,  0]), names=('2', '0.5'))
    """
    array = as_arrow(column)
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type) or pa.types.is_fixed_size_list(array.type):
        raise DataError(
            Problem(
                "one value a row is expected, got lists",
                hint="`pad: auto` of a category or number feature makes sequences of them",
                rule="array-shape",
            )
        )
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    codes = plain_numbers(encoded.indices.cast(pa.int64()), null=-1)
    values = encoded.dictionary
    values = values.cast(pa.string()) if as_written and is_text(values.type) else value_names(values)
    # Several values may have one name, and NaN has none.
    names = values.dictionary_encode()
    table = np.append(plain_numbers(names.indices.cast(pa.int64()), null=-1), -1)
    return Labels(table[codes].astype(np.int64, copy=False), tuple(names.dictionary.to_pylist()))


def numbers(column: Column) -> Numbers:
    """Read the cells as numbers. Booleans are 0 and 1; text is read when it is written as a number."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "fiub":
        return Numbers(column.astype(np.float64, copy=False))
    column = as_arrow(column)
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return _parse(column)
    values = plain_numbers(column)
    return Numbers(values.astype(np.float64, copy=False))


def sort_labels(names: Iterable[str]) -> list[str]:
    """The texts in their order: by number if all are integers, else by text.

    Example:
        >>> sort_labels(["10", "9"]), sort_labels(["b10", "b9"])
        (['9', '10'], ['b10', 'b9'])
    """
    ordered = sorted(names)
    return sorted(ordered, key=int) if all(map(_INTEGER.fullmatch, ordered)) else ordered


def _parse(column: pa.Array) -> Numbers:
    """Numbers written as text; where some are none, each different text is read once."""
    if is_text(column.type):
        try:
            return Numbers(plain_numbers(pc.utf8_trim_whitespace(column).cast(pa.float64())))
        except pa.ArrowInvalid:
            pass
    cells = labels(column, as_written=True)
    table = np.full(len(cells.names) + 1, np.nan)
    faults = np.zeros(len(cells.names) + 1, dtype=np.bool_)
    trimmed = pc.utf8_trim_whitespace(texts_array(cells.names))
    # One by one is slow: of many different texts most are no numbers at a glance.
    matching = pc.match_substring_regex(trimmed, _MAY_BE_NUMBER)
    likely = plain_booleans(matching)
    faults[:-1] = ~likely
    try:
        table[:-1][likely] = plain_numbers(trimmed.filter(matching).cast(pa.float64()))
    except pa.ArrowInvalid:
        for place in np.flatnonzero(likely).tolist():
            try:
                table[place] = trimmed[place].cast(pa.float64()).as_py()
            except pa.ArrowInvalid:
                faults[place] = True
    return Numbers(table[cells.codes], faults[cells.codes] if faults.any() else None)
