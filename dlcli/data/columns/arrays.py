"""Between Arrow and NumPy without pandas.

`pyarrow.array`, `pyarrow.scalar` and `Array.to_numpy` ask whether they are given something of pandas, and for that
import it: a fifth of a second, a quarter of a small prediction. These do not, and they copy nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = [
    "EMPTY",
    "FALSE",
    "bytes_array",
    "numbers_array",
    "plain_booleans",
    "plain_numbers",
    "texts_array",
    "with_nulls",
]


FALSE = pa.Array.from_buffers(pa.bool_(), 1, [None, pa.py_buffer(b"\0")])[0]
"""False, for arrow."""


def plain_numbers(array: pa.Array, *, null: float = math.nan) -> NDArray[Any]:
    """Integers or floating point numbers as a NumPy array `(rows,)` of their type, not to be written to.

    Args:
        array: The numbers.
        null: What null becomes; when that is NaN, integers with nulls become float64.

    Example:
        >>> plain_numbers(pa.array([1.5, None]))
        array([1.5, nan])
    """
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if array.null_count and math.isnan(null) and not pa.types.is_floating(array.type):
        array = array.cast(pa.float64(), safe=False)  # beyond 2**53 the nearest, as NumPy has it
    dtype = np.dtype(array.type.to_pandas_dtype())
    valid, data = array.buffers()
    if data is None or not len(array):
        return np.full(len(array), null, dtype)
    values = np.frombuffer(data, dtype, count=len(array), offset=array.offset * dtype.itemsize)
    if not array.null_count:
        return values
    bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")[array.offset : array.offset + len(array)]
    return np.where(bits, values, dtype.type(null))


def plain_booleans(array: pa.Array) -> NDArray[np.bool_]:
    """Booleans without nulls as a NumPy array `(rows,)`.

    Example:
        >>> plain_booleans(pa.array([True, False]))
        array([ True, False])
    """
    return plain_numbers(array.cast(pa.uint8())).astype(np.bool_)


def numbers_array(values: NDArray[Any]) -> pa.Array:
    """Numbers `(rows,)` as an arrow array without nulls.

    Example:
        >>> numbers_array(np.array([1.5, 2.5])).to_pylist()
        [1.5, 2.5]
    """
    contiguous = np.ascontiguousarray(values)
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(contiguous.dtype), len(contiguous), [None, pa.py_buffer(contiguous)]
    )


def texts_array(texts: Sequence[str], type: pa.DataType | None = None) -> pa.Array:
    """Texts as an arrow array.

    Args:
        texts: The texts.
        type: `string` when None, or another type of text.

    Example:
        >>> texts_array(["a", "ß"]).to_pylist()
        ['a', 'ß']
    """
    array = bytes_array([text.encode() for text in texts])
    return array if type is None or type == array.type else array.cast(type)


def bytes_array(encoded: Sequence[bytes]) -> pa.Array:
    """Texts that are UTF-8 already as an arrow array."""
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), len(encoded), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    )


EMPTY = texts_array([""])[0]
"""A text without letters, for arrow."""


def with_nulls(array: pa.Array, valid: NDArray[np.bool_]) -> pa.Array:
    """An array of numbers or texts without nulls, with null wherever `valid` is false.

    Example:
        >>> with_nulls(numbers_array(np.array([1, 0])), np.array([True, False])).to_pylist()
        [1, None]
    """
    bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(array.type, len(array), [bits, *array.buffers()[1:]])
