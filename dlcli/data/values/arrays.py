"""Arrays of NumPy, to what is wanted of their column: they keep their shape and, where it holds them, their dtype."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.columns.arrays import numbers_array, with_nulls
from dlcli.data.columns.chunk import Column, Kind
from dlcli.data.values.conversion import CellFault
from dlcli.data.values.marks import marks_of

__all__ = ["as_cells", "convert_array", "holds_numbers"]


def holds_numbers(values: NDArray[Any]) -> bool:
    """Whether it is one of numbers or booleans."""
    return values.dtype.kind in "iubf"


def as_cells(values: NDArray[Any]) -> pa.Array:
    """Texts or moments, one a row, as an arrow array.

    Raises:
        CellFault: They are something else.
    """
    if values.ndim > 1 or values.dtype.kind not in "UM":
        raise CellFault(0, "", what=f"{values.dtype} values of shape {values.shape[1:]}")
    return pa.array(values)


def convert_array(values: NDArray[Any], kind: Kind, *, missing: Collection[str]) -> Column:
    """Numbers `(rows, *shape)` as their column is wanted, NaN where they are marks of missing values.

    Raises:
        CellFault: A number is infinite.
    """
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    marks = marks_of(missing)
    if kind != "exact" and len(marks.numbers) and (empty := marks.empty_numbers(values)).any():
        if values.ndim == 1 and values.dtype.kind in "iu" and kind == "text":
            return with_nulls(numbers_array(values), ~empty)  # exact at any size
        values = np.where(empty, np.nan, values)
    if kind != "number" and values.ndim == 1:
        return values
    infinite = np.isinf(values) if values.dtype.kind == "f" else np.False_
    if infinite.any():
        rows = np.flatnonzero(infinite.reshape(len(values), -1).any(axis=1))
        raise CellFault(int(rows[0]), str(values[infinite][0]), len(rows), infinite=True)
    return values
