"""A number for each row that is the same for rows of the same values, whichever chunk they stand in."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.columns.arrays import plain_numbers, texts_array
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.chunk import Chunk
from dlcli.data.columns.codec import Column
from dlcli.data.columns.names import is_text

__all__ = ["row_hashes"]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)


def row_hashes(chunk: Chunk) -> NDArray[np.uint64]:
    """The hash of each row, over all of its columns, shape (rows,)."""
    found = np.zeros(chunk.num_rows, np.uint64)
    for column in chunk.columns.values():
        found = _mixed(found * _ODD + _hashes(column))
    return found


def _hashes(column: Column) -> NDArray[np.uint64]:
    if isinstance(column, np.ndarray):
        flat = np.ascontiguousarray(column).reshape(len(column), -1)
        return _of_words(flat.astype(np.float64) if flat.dtype.kind in "fiub" and flat.shape[1] == 1 else flat)
    values = as_arrow(column)
    if is_text(values.type):
        return _of_texts(values)
    if pa.types.is_temporal(values.type):
        values = values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values.cast(pa.string())
        if is_text(values.type):
            return _of_texts(values)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return _of_words(plain_numbers(values.cast(pa.float64(), safe=False)).reshape(-1, 1))
    return _of_texts(texts_array([repr(value) for value in values.to_pylist()]))


def _of_texts(values: pa.Array) -> NDArray[np.uint64]:
    encoded = values.dictionary_encode()
    texts = encoded.dictionary.cast(pa.binary()).to_pylist()
    table = np.array(
        [int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") for text in texts] + [1], np.uint64
    )
    return np.asarray(table[plain_numbers(encoded.indices, null=len(texts))])


def _of_words(flat: NDArray[Any]) -> NDArray[np.uint64]:
    """The bytes of each row, eight at a time; a missing number is as good as another."""
    if flat.dtype.kind == "f":
        flat = np.where(np.isnan(flat), np.nan, flat + 0.0).astype(flat.dtype)  # no -0.0, one NaN
    raw = np.ascontiguousarray(flat).view(np.uint8).reshape(len(flat), -1)
    if short := -raw.shape[1] % 8:
        raw = np.pad(raw, ((0, 0), (0, short)))
    words = np.ascontiguousarray(raw).view(np.uint64)
    found = np.zeros(len(words), np.uint64)
    for place in range(words.shape[1]):
        found = _mixed(found * _ODD + words[:, place])
    return found


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    values = (values ^ (values >> np.uint64(32))) * _MIX
    return values ^ (values >> np.uint64(29))
