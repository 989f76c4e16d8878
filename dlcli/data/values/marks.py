"""Marks of missing values: which cells count as empty, in every format by the same rule.

A mark is a value like any other: `-999` stands for -999.0 in a file of numbers too, `1900-01-01` for the date.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import FALSE, numbers_array, texts_array
from dlcli.data.columns.names import BLANKS, is_text, text_name, value_names

__all__ = ["Marks", "found_marks", "marks_of"]


@dataclasses.dataclass(frozen=True)
class Marks:
    """The marks of `data.missing_values`.

    Args:
        texts: As they are written, without blanks around them.
        names: The names of all of them (`dlcli.data.columns.names`).
        numbers: Those that are numbers, float64.
        values: Those that are values of another type than text: numbers, booleans, moments.
    """

    texts: tuple[str, ...]
    names: tuple[str, ...]
    numbers: NDArray[np.float64]
    values: frozenset[str]

    def empty(self, cells: pa.Array) -> pa.Array | None:
        """Which cells are marks, as booleans; None when none is.

        Args:
            cells: Of any type that a column can have.
        """
        if is_text(cells.type):
            trimmed = pc.utf8_trim(cells, characters=BLANKS)
            found = pc.is_in(trimmed, value_set=_text_set(self.texts, cells.type))
            if self.values:
                found = pc.or_(found, self._named(cells))
        elif not self.values or pa.types.is_null(cells.type):
            return None
        elif pa.types.is_floating(cells.type) and cells.type.bit_width == 64:
            found = pc.is_in(cells, value_set=numbers_array(self.numbers))
        else:
            found = self._named(cells)
        return found if pc.any(found).as_py() else None

    def without(self, cells: pa.Array) -> pa.Array:
        """The cells, null where they are marks."""
        empty = self.empty(cells)
        return cells if empty is None else pc.if_else(empty, pa.nulls(len(cells), cells.type), cells)

    def empty_numbers(self, values: NDArray[np.generic]) -> NDArray[np.bool_]:
        """Which numbers of an array of any shape are marks."""
        return np.isin(values, self.numbers)

    def _named(self, cells: pa.Array) -> pa.Array:
        encoded = cells.dictionary_encode()
        known = pc.is_in(value_names(encoded.dictionary), value_set=_text_set(self.names, pa.string()))
        return pc.fill_null(known.take(encoded.indices), FALSE)


@functools.lru_cache(maxsize=256)
def _text_set(texts: tuple[str, ...], type: pa.DataType) -> pa.Array:
    """Made once: of a chunk of a thousand rows it took longer than looking for them."""
    return texts_array(texts, type)


@functools.lru_cache(maxsize=64)
def _marks(words: tuple[str, ...]) -> Marks:
    texts = tuple(dict.fromkeys(word.strip(BLANKS) for word in words))
    names = tuple(dict.fromkeys(map(text_name, texts)))
    numbers = [number for name in names if (number := _number(name)) is not None]
    others = [name for name in names if name in ("true", "false") or name[:4].isdecimal()]
    return Marks(texts, names, np.array(numbers, np.float64), frozenset([*others, *map(str, numbers)]))


def marks_of(words: Collection[str]) -> Marks:
    """The marks that a config lists.

    Example:
        >>> marks_of(["-999"]).without(pa.array([1.0, -999.0])).to_pylist()
        [1.0, None]
    """
    return _marks(tuple(words))


def found_marks(cells: pa.Array, read: pa.Array) -> dict[str, int]:
    """The marks that stood for empty cells, and how often.

    Args:
        cells: As they were in the file.
        read: The same, null where they were marks.
    """
    marks = cells.filter(pc.and_not(read.is_null(), cells.is_null()))
    counted = value_names(marks).value_counts()
    return dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))


def _number(name: str) -> float | None:
    if not name.lstrip("-")[:1].isdecimal():
        return None
    try:
        number = float(name)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
