"""A column of some rows, looked at as values, as codes and as numbers."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import plain_numbers, texts_array
from dlcli.data.columns.cells import as_arrow, numbers
from dlcli.data.columns.chunk import ColumnInfo
from dlcli.data.columns.codec import Column
from dlcli.data.columns.moments import LARGEST
from dlcli.data.columns.names import value_names
from dlcli.data.values.conversion import kind_of
from dlcli.data.values.lists import is_list

__all__ = ["Cells"]

_GLANCE = 50
"""Texts that tell of most columns that they are no numbers."""


@dataclasses.dataclass(frozen=True)
class Cells:
    """A column of some rows.

    Args:
        info: What the source says of it.
        chunks: Its values.
    """

    info: ColumnInfo
    chunks: tuple[Column, ...]

    @property
    def is_array(self) -> bool:
        """Whether a row has several values."""
        first = self.chunks[0] if self.chunks else None
        if first is None:
            return bool(self.info.shape)
        return is_list(first) or (isinstance(first, np.ndarray) and first.size != len(first))

    @functools.cached_property
    def column(self) -> pa.Array:
        """One value a row."""
        parts = [_without_nan(as_arrow(chunk)) for chunk in self.chunks]
        kinds = {part.type for part in parts}
        if len(kinds) > 1:
            parts = [part.cast(pa.string()) for part in parts]
        return pa.concat_arrays(parts) if parts else texts_array([])

    @functools.cached_property
    def different(self) -> pa.Array:
        """The different values, in the order of their first rows."""
        return self._encoded.dictionary

    @functools.cached_property
    def codes(self) -> NDArray[np.int64]:
        """The place of each cell's value among the different ones; -1 where there is none."""
        return plain_numbers(self._encoded.indices, null=-1).astype(np.int64)

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """What the different values are called."""
        return tuple(self.named.to_pylist())

    @functools.cached_property
    def named(self) -> pa.Array:
        """The same, as texts of arrow's; most texts are their own names, and kept once."""
        names = value_names(self.different)
        return self.different if names.equals(self.different) else names

    @functools.cached_property
    def _encoded(self) -> pa.DictionaryArray:
        return self.column.dictionary_encode()

    @functools.cached_property
    def numbers(self) -> NDArray[np.float64] | None:
        """The values as numbers, NaN where there is none; None where they are none."""
        kind = kind_of(self.column.type)
        if kind not in ("number", "text"):
            return None
        if kind == "text" and numbers(self.different.slice(0, _GLANCE)).unreadable is not None:
            return None
        read = numbers(self.column)
        return None if read.unreadable is not None and read.unreadable.any() else read.values.reshape(-1)

    @property
    def too_large(self) -> float | None:
        """A number that is infinite as a network takes it; None where there is none."""
        numbers = self.numbers
        if numbers is None:
            return None
        large = np.flatnonzero(np.abs(numbers) > LARGEST)
        return float(numbers[large[0]]) if len(large) else None

    @property
    def missing(self) -> int:
        """How many cells have no value."""
        return int(self.column.null_count)


def _without_nan(values: pa.Array) -> pa.Array:
    """Numbers that are none are missing."""
    if not pa.types.is_floating(values.type):
        return values
    return pc.if_else(pc.is_nan(values), pa.nulls(len(values), values.type), values)
