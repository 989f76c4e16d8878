"""Values of Python, of one type or of several, as an arrow array."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dlcli.data.columns.arrays import numbers_array, texts_array, with_nulls
from dlcli.data.columns.names import names_array, value_name

__all__ = ["scalars_array"]


def scalars_array(values: Sequence[Any]) -> pa.Array:
    """Plain values as an arrow array of numbers, booleans or texts; values of several types by their names.

    Args:
        values: As JSON has them. Objects, and lists of several types, become a column of lists, which nothing reads.

    Example:
        >>> scalars_array([1, None, "a", 2.0]).to_pylist()
        ['1', None, 'a', '2']
    """
    types = {type(value) for value in values} - {type(None)}
    if types == {list}:
        with contextlib.suppress(pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.array(values)
    if types & {list, dict}:
        return pa.nulls(len(values), pa.list_(pa.null()))
    if types == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        array = numbers_array(np.array([value or 0 for value in values], np.int64))
    elif types == {float} or (types == {int, float} and not any(_is_inexact(value) for value in values)):
        array = numbers_array(np.array([float(value or 0) for value in values]))
    elif types == {bool}:
        array = numbers_array(np.array([value or False for value in values], np.uint8)).cast(pa.bool_())
    elif types == {str}:
        array = texts_array(["" if value is None else value for value in values])
    else:
        return names_array([value_name(value) for value in values])
    if type(None) in map(type, values):
        return with_nulls(array, np.array([value is not None for value in values]))
    return array


def _is_inexact(value: Any) -> bool:
    """Whether a whole number would change as a float64."""
    return type(value) is int and abs(value) > 2**53
