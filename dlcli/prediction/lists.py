"""Columns of lists: what is predicted for each step or pixel, in the cells of a table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.columns.arrays import plain_numbers, texts_array

__all__ = ["as_array", "as_json", "change_leaves", "is_list", "plain_lists"]


def is_list(kind: pa.DataType) -> bool:
    """Whether cells of a type are lists."""
    return bool(pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind))


def change_leaves(column: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The column with other values in its lists of fixed sizes; of single values the column itself, changed."""
    if not pa.types.is_fixed_size_list(column.type):
        return change(column)
    return pa.FixedSizeListArray.from_arrays(change_leaves(column.flatten(), change), column.type.list_size)


def plain_lists(column: pa.Array) -> list[Any]:
    """The cells as Python has them; numbers in the digits that tell them apart, those that are not finite as None."""

    def told(leaves: pa.Array) -> pa.Array:
        if pa.types.is_float32(leaves.type) or pa.types.is_float16(leaves.type):
            leaves = leaves.cast(pa.string()).cast(pa.float64())
        return leaves

    cells: list[Any] = change_leaves(_whole(column), told).to_pylist()
    return [_finite(cell) for cell in cells]


def as_json(column: pa.Array) -> pa.Array:
    """The cells as JSON, which is how a list stands in a cell of text: `[1.5, 2]`."""
    return texts_array([json.dumps(cell, ensure_ascii=False, default=str) for cell in plain_lists(column)])


def as_array(column: pa.Array) -> NDArray[Any]:
    """The cells as one array `(rows, *shape)`; texts keep their type of NumPy's."""
    column = _whole(column)
    if is_list(column.type) and not pa.types.is_fixed_size_list(column.type):
        column = as_json(column)  # of several lengths
    shape, leaves = [len(column)], column
    while pa.types.is_fixed_size_list(leaves.type):
        shape.append(leaves.type.list_size)
        leaves = leaves.flatten()
    if pa.types.is_floating(leaves.type):
        return plain_numbers(leaves).reshape(shape)
    if pa.types.is_integer(leaves.type) and not leaves.null_count:
        return plain_numbers(leaves).reshape(shape)
    values = leaves.to_pylist()
    if pa.types.is_integer(leaves.type):
        return np.array([math.nan if value is None else value for value in values], np.float64).reshape(shape)
    if pa.types.is_boolean(leaves.type) and not leaves.null_count:
        return np.array(values, np.bool_).reshape(shape)
    return np.array(["" if value is None else str(value) for value in values], np.str_).reshape(shape)


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _finite(cell: Any) -> Any:
    if isinstance(cell, list):
        return [_finite(each) for each in cell]
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
