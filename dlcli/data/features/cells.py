"""Reading the cells of a column: as numbers, or as a few different texts and where each stands."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.arrays import plain_numbers, texts_array
from dlcli.data.features.codec import Column
from dlcli.errors import DataError, Problem

__all__ = ["Labels", "Numbers", "as_arrow", "labels", "numbers", "sort_labels"]

_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}")


@dataclasses.dataclass(frozen=True)
class Labels:
    """The cells of a column, as texts.

    Args:
        codes: `(rows,)` int64, the place of each cell's text in `names`; -1 for a missing cell.
        names: The different texts. One may come twice when two values read the same.
    """

    codes: NDArray[np.int64]
    names: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """How often each text occurs."""
        totals = np.bincount(self.codes[self.codes >= 0], minlength=len(self.names)).tolist()
        counts: dict[str, int] = {}
        for name, total in zip(self.names, totals, strict=True):
            counts[name] = counts.get(name, 0) + total
        return counts

    def translate(self, value: Callable[[str], int], *, missing: int) -> NDArray[np.int64]:
        """Each cell's number, `(rows,)`, calling `value` once for each different text."""
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
    # Arrow cuts long arrays of text into chunks.
    array = pa.array(flat.astype(np.float64) if flat.dtype == np.float16 else flat)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def labels(column: Column) -> Labels:
    """Read the cells as texts: whole numbers without a point, booleans as `true` and `false`.

    Whole floating point numbers read like integers, because a missing cell turns a column of integers into one
    of floats; NaN is a missing cell.

    Raises:
        DataError: An array of several values a row.

    Example:
        >>> labels(pa.array([2.0, None, 0.5, 2.0]))
        Labels(codes=array([ 0, -1,  1,  0]), names=('2', '0.5'))
    """
    array = as_arrow(column)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    codes = plain_numbers(encoded.indices.cast(pa.int64()), null=-1)
    texts = [_text(value) for value in encoded.dictionary.to_pylist()]
    if None in texts:
        places = np.cumsum([text is not None for text in texts]) - 1
        table = np.append(np.where([text is not None for text in texts], places, -1), -1)
        codes = table[codes]
    return Labels(np.asarray(codes, dtype=np.int64), tuple(text for text in texts if text is not None))


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
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        try:
            return Numbers(plain_numbers(pc.utf8_trim_whitespace(column).cast(pa.float64())))
        except pa.ArrowInvalid:
            pass
    cells = labels(column)
    table = np.full(len(cells.names) + 1, np.nan)
    faults = np.zeros(len(cells.names) + 1, dtype=np.bool_)
    trimmed = pc.utf8_trim_whitespace(texts_array(cells.names))
    try:
        table[:-1] = plain_numbers(trimmed.cast(pa.float64()))
    except pa.ArrowInvalid:
        for place, text in enumerate(trimmed):
            try:
                table[place] = text.cast(pa.float64()).as_py()
            except pa.ArrowInvalid:
                faults[place] = True
    return Numbers(table[cells.codes], faults[cells.codes] if faults.any() else None)


def _text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            if value != value:
                return None
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        case bytes():
            return value.decode("utf-8", errors="replace")
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            return str(value)
