"""Cells of several values: arrays, lists of Parquet and JSON, and lists that are written in a cell of text.

Each is made an array of places `(rows, *axes)` in which the values stand, so that what reads single cells reads them.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import EMPTY, numbers_array, plain_booleans, plain_numbers
from dlcli.data.columns.cells import Labels, Numbers, labels, numbers
from dlcli.data.columns.chunk import Kind
from dlcli.data.columns.codec import Column
from dlcli.data.columns.names import is_text
from dlcli.data.values.conversion import CellFault, convert, is_list_type, kind_of
from dlcli.errors import DataError, Problem

__all__ = ["Axes", "convert_lists", "is_list", "label_array", "list_ends", "number_array", "split_texts"]

Axes = tuple[int, ...]

_BETWEEN = r"\s*[,;]\s*|\s+"
_BRACKETS = r"[\[\]()]"


def is_list(column: Column) -> bool:
    """Whether its cells are lists, of arrow's types."""
    return not isinstance(column, np.ndarray) and is_list_type(column.type)


def convert_lists(column: pa.Array, kind: Kind, *, missing: Collection[str]) -> Column:
    """Lists as their column is wanted: those of numbers that are all of one length as an array `(rows, *shape)`.

    Raises:
        CellFault: They hold objects, or something else than numbers where these are wanted.
    """
    if kind == "exact":
        return column
    if kind_of(column.type) is None:
        raise CellFault(0, "", what=f"nested values ({column.type})")
    starts, sizes, values = _offsets(column)
    if is_list(values):
        inner = convert_lists(values, kind, missing=missing)
        return _joined(starts, sizes, inner) if isinstance(inner, np.ndarray) else column
    numeric = kind_of(values.type) in ("number", "boolean") or kind in ("number", "unsure")
    try:
        values = convert(values, "number" if numeric else "text", missing=missing)
    except CellFault as fault:
        row = int(np.searchsorted(starts, fault.index, side="right")) - 1
        raise CellFault(row, fault.value, fault.count, infinite=fault.infinite, what=fault.what) from None
    return _joined(starts, sizes, plain_numbers(values)) if numeric else _lists(starts, sizes, values)


def _joined(starts: NDArray[np.int64], sizes: NDArray[np.int64], values: NDArray[Any]) -> Column:
    """Lists of one length as an array, NaN where there is none; others as lists again."""
    lengths = np.unique(sizes[sizes >= 0])
    if len(lengths) == 1 and lengths[0] > 0:
        size = int(lengths[0])
        found = np.full((len(sizes), size, *values.shape[1:]), np.nan)
        there = sizes >= 0
        found[there] = values[starts[there][:, np.newaxis] + np.arange(size)]
        return found
    inner = pa.array(values.reshape(-1))
    for size in reversed(values.shape[1:]):
        inner = pa.FixedSizeListArray.from_arrays(inner, size)
    return _lists(starts, sizes, inner)


def _lists(starts: NDArray[np.int64], sizes: NDArray[np.int64], values: pa.Array) -> pa.Array:
    ends = np.append(starts, starts[-1] + max(int(sizes[-1]), 0) if len(starts) else 0)
    lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values)
    return pc.if_else(pa.array(sizes < 0), pa.scalar(None, lists.type), lists) if (sizes < 0).any() else lists


def label_array(column: Column, axes: Axes | None, *, name: str, start: int = 0) -> tuple[Labels, Axes]:
    """The cells as names, one for each place: `codes` are `(rows, *axes)`, -1 where there is none.

    Args:
        column: Arrays, lists, or texts that hold lists.
        axes: The shape of a cell; None: the shape that all have. Shorter lists are filled up.
        name: The column's, for messages.
        start: Number of the first row, from 0, for messages.

    Raises:
        DataError: Lists that are longer, or of several lengths where none is given.
    """
    leaves, places = _places(column, axes, name, start)
    cells = labels(leaves)
    codes = np.append(cells.codes, -1)[places]
    return Labels(codes, cells.names), places.shape[1:]


def number_array(
    column: Column,
    axes: Axes | None,
    *,
    name: str,
    start: int = 0,
    ragged: str = "lists of numbers have one length",
) -> Numbers:
    """The cells as numbers `(rows, *axes)`, as `numbers` has them; lists are not filled up.

    Args:
        column: Arrays, lists, or texts that hold lists.
        axes: The shape of a cell; None: the shape that all have.
        name: The column's, for messages.
        start: Number of the first row, from 0, for messages.
        ragged: The way out for lists of several lengths.

    Raises:
        DataError: Lists that are of several lengths, or of another than `axes` says.
    """
    if isinstance(column, np.ndarray):
        return numbers(column)
    leaves, places = _places(column, axes, name, start, ragged)
    cells = numbers(leaves)
    unreadable: NDArray[np.bool_] | None = None
    if cells.unreadable is not None:
        faults = np.append(cells.unreadable, False)[places].reshape(len(places), -1)
        unreadable = np.logical_or.reduce(faults, axis=1)
    return Numbers(np.append(cells.values, np.nan)[places], unreadable)


def list_ends(column: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
    """The values of lists of one level, one after the other, and where each list begins and ends: `(rows + 1,)`."""
    starts, sizes, values = _offsets(column)
    sizes = np.maximum(sizes, 0)
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = np.repeat(starts - ends[:-1], sizes) + np.arange(ends[-1])
    return values.take(numbers_array(places)), ends


def split_texts(texts: pa.Array, separator: str | None = None) -> pa.Array:
    """Lists that are written as texts: `[1.5, 2]`, `1 2 3`, `["a", "b"]`; or with a separator of their own.

    Example:
        >>> split_texts(pa.array(["1 2", "[3, 4]"])).to_pylist()
        [['1', '2'], ['3', '4']]
    """
    if separator is None and _are_json(texts):
        return _of_json(texts)
    trimmed = texts if separator is not None else pc.utf8_trim_whitespace(_without_brackets(texts))
    parts = (
        pc.split_pattern_regex(trimmed, _BETWEEN) if separator is None else pc.split_pattern(trimmed, pattern=separator)
    )
    empty = pc.equal(pc.utf8_trim_whitespace(trimmed), EMPTY)
    return pc.if_else(empty, pa.scalar([], parts.type), parts) if pc.any(empty).as_py() else parts


def _without_brackets(texts: pa.Array) -> pa.Array:
    """The texts that are in brackets, without these and those of lists in them."""
    bare = pc.replace_substring_regex(texts, _BRACKETS, " ")
    return pc.if_else(pc.match_substring_regex(texts, r"^\s*[\[(]"), bare, texts)


def _are_json(texts: pa.Array) -> bool:
    """Whether they are JSON lists with texts in quotes."""
    return bool(pc.any(pc.match_substring_regex(texts, r'^\s*\[.*"')).as_py())


def _of_json(texts: pa.Array) -> pa.Array:
    lists: list[list[str] | None] = []
    for text in texts.to_pylist():
        try:
            value = None if text is None else json.loads(text)
        except ValueError:
            value = text
        lists.append(None if value is None else list(map(str, _flat(value))))
    return pa.array(lists, pa.list_(pa.string()))


def _flat(value: Any) -> list[Any]:
    return list(itertools.chain.from_iterable(map(_flat, value))) if isinstance(value, list) else [value]


def _places(
    column: Column, axes: Axes | None, name: str, start: int, ragged: str = ""
) -> tuple[Column, NDArray[np.int64]]:
    """All values one after the other, and where those of each cell stand among them: `(rows, *axes)`, -1 for none.

    Lists of several lengths are filled up, or refused where `ragged` says the way out.
    """
    if isinstance(column, np.ndarray):
        own = column.shape[1:]
        axes = own if axes is None else axes
        if math.prod(own) != math.prod(axes):
            raise DataError(_wrong_shape(name, own, axes))
        return column.reshape(-1), np.arange(column.size).reshape(len(column), *axes)
    if is_text(column.type):
        column = split_texts(column)
    if not is_list(column):
        if axes is None or math.prod(axes) == 1:
            return column, np.arange(len(column)).reshape(len(column), *(axes or ()))
        raise DataError(_wrong_shape(name, (), axes))
    leaves, places = _nested(column, np.arange(len(column)), axes, name, start, ragged)
    if axes is not None and places.shape[1:] != axes:
        if math.prod(places.shape[1:]) != math.prod(axes):
            raise DataError(_wrong_shape(name, places.shape[1:], axes))
        places = places.reshape(len(places), *axes)
    return leaves, places


def _nested(
    column: pa.Array, places: NDArray[np.int64], axes: Axes | None, name: str, start: int, ragged: str
) -> tuple[pa.Array, NDArray[np.int64]]:
    """Step into lists, and the lists in them."""
    exact = bool(ragged)
    depth = 1
    while is_list(column):
        starts, sizes, column = _offsets(column)
        there = np.append(sizes, 0)[places]
        known = places >= 0
        flat = axes is not None and len(axes) > 1 and not is_list(column) and depth == 1
        wanted = None if axes is None else (math.prod(axes) if flat else axes[depth - 1 : depth] or None)
        size = wanted[0] if isinstance(wanted, tuple) else wanted
        present = there[known & (there > 0)] if not exact else there[known]
        size = int(present.max(initial=0)) if size is None else size
        wrong = known & ((there != size) if exact or axes is None else (there > size))
        wrong &= ~(np.append(sizes, -1)[places] < 0)
        if wrong.any():
            row = start + int(np.argwhere(wrong)[0][0])
            raise DataError(_wrong_length(name, row, int(there[wrong][0]), size, axes is not None, ragged))
        inside = np.arange(size)
        valid = known[..., np.newaxis] & (inside < there[..., np.newaxis])
        places = np.where(valid, np.append(starts, 0)[places][..., np.newaxis] + inside, -1)
        depth += 1
    return column, places


def _offsets(column: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64], pa.Array]:
    """Where each list begins among the values, how long it is (-1: there is none), and the values."""
    kind = column.type
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_fixed_size_list(kind):
        column = column.cast(pa.list_(kind.value_type))
    offsets = plain_numbers(column.offsets).astype(np.int64)
    sizes = np.diff(offsets)
    missing = plain_booleans(column.is_null())
    return offsets[:-1], np.where(missing, -1, sizes), column.values


def _wrong_shape(name: str, own: Sequence[int], wanted: Sequence[int]) -> Problem:
    return Problem(
        f"a sample of {name!r} has shape {list(own)}, expected {list(wanted)}",
        hint=f"a sample has {math.prod(own)} values, the shape {math.prod(wanted)}",
        rule="array-shape",
    )


def _wrong_length(name: str, row: int, size: int, wanted: int, given: bool, hint: str) -> Problem:
    return Problem(
        f"column {name!r} holds lists of several lengths: row {row + 1} has {size} values, expected {wanted}"
        if not given
        else f"row {row + 1} of column {name!r} has a list of {size} values, expected {wanted}",
        hint=hint or "classes are filled up where `shape` gives the greatest length",
        rule="array-shape",
    )
