"""Plain values and arrays as JSON and bytes, and back: numbers, texts, lists, mappings, arrays; nothing that runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NotPlain", "PackedArrays", "StoredArrays", "pack", "unpack"]

MOST_DEPTH = 50
"""Of lists within lists."""

KINDS = "biufcSUmM"
"""NumPy's letters for the dtypes that are numbers, texts and times."""

OF_KERAS = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4")
"""Further ones, which NumPy knows by their names when Keras is loaded."""


class NotPlain(Exception):
    """A value that has no form of its own in a file."""


class PackedArrays:
    """Arrays on their way into a file."""

    def __init__(self) -> None:
        self._arrays: list[NDArray[Any]] = []

    def add(self, value: Any) -> int:
        """Take an array in; its number.

        Raises:
            NotPlain: It holds objects.
        """
        array = np.array(value, order="C")  # a copy: training changes it while it is written
        if array.dtype.kind not in KINDS and array.dtype.name not in OF_KERAS:
            raise NotPlain(str(array.dtype))
        self._arrays.append(array)
        return len(self._arrays) - 1

    def table(self) -> list[dict[str, Any]]:
        """The dtype and shape of each."""
        return [{"dtype": _name(array.dtype), "shape": list(array.shape)} for array in self._arrays]

    def pieces(self) -> Iterator[memoryview]:
        """Their bytes, one after the other."""
        for array in self._arrays:
            if array.nbytes:
                yield array.reshape(-1).view(np.uint8).data


class StoredArrays:
    """Arrays from a file that may come from anybody.

    Args:
        table: What `PackedArrays.table` said.
        content: All bytes.

    Raises:
        ValueError: The table is none, or does not fit the bytes.
    """

    def __init__(self, table: Any, content: bytes) -> None:
        self._arrays: list[NDArray[Any]] = []
        start = 0
        for entry in table if isinstance(table, list) else [None]:
            dtype, shape = _described(entry)
            count = math.prod(shape)
            if start + count * dtype.itemsize > len(content):
                raise ValueError("the arrays are more than their bytes")
            self._arrays.append(np.frombuffer(content, dtype, count, start).reshape(shape))
            start += count * dtype.itemsize
        if start != len(content):
            raise ValueError("the arrays are less than their bytes")

    def __getitem__(self, number: Any) -> NDArray[Any]:
        if type(number) is not int or not 0 <= number < len(self._arrays):
            raise ValueError(f"there is no array {number!r}")
        return self._arrays[number]


def _name(dtype: np.dtype[Any]) -> str:
    return dtype.str if dtype.kind in KINDS else dtype.name


def _described(entry: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("shape"), list):
        raise ValueError("expected the dtype and shape of an array")
    name, shape = entry.get("dtype"), tuple(entry["shape"])
    try:
        dtype = np.dtype(name) if isinstance(name, str) and "," not in name else None
    except TypeError:
        dtype = None
    if dtype is None or (dtype.kind not in KINDS and dtype.name not in OF_KERAS) or not dtype.itemsize:
        raise ValueError(f"{name!r} is no dtype of numbers or texts")
    if not all(type(size) is int and 0 <= size < 2**62 for size in shape):
        raise ValueError(f"{shape} is no shape")
    return dtype, shape


def pack(value: Any, arrays: PackedArrays, *, depth: int = 0) -> Any:
    """A value as JSON, its arrays put among the others.

    Raises:
        NotPlain: It is, or holds, something else.

    Example:
        >>> pack((1, {"a": None}), PackedArrays())
        {'tuple': [1, {'dict': [['a', None]]}]}
    """
    if depth > MOST_DEPTH:
        raise NotPlain("it is too deep, or holds itself")
    match value:
        case None | bool() | str():
            return value
        case np.ndarray():
            return {"array": arrays.add(value)}
        case np.generic():
            return {"scalar": arrays.add(value)}
        case int() | float() if type(value) in (int, float):
            return value
        case bytes():
            return {"bytes": value.hex()}
        case dict() if type(value) is dict:
            items = [[pack(part, arrays, depth=depth + 1) for part in item] for item in value.items()]
            return {"dict": items}
        case list() | tuple() | set() if type(value) in _SEQUENCES.values():
            return {type(value).__name__: [pack(each, arrays, depth=depth + 1) for each in value]}
        case _:
            raise NotPlain(type(value).__name__)


def unpack(document: Any, arrays: StoredArrays, *, depth: int = 0) -> Any:
    """The value of what `pack` gave.

    Raises:
        TypeError, ValueError: It is no such document.
    """
    if not isinstance(document, dict):
        return document
    if len(document) != 1 or depth > MOST_DEPTH:
        raise ValueError("expected a packed value")
    ((kind, content),) = document.items()
    if kind in ("array", "scalar"):
        array = arrays[content].copy()
        return array if kind == "array" else array[()]
    if kind == "bytes" and isinstance(content, str):
        return bytes.fromhex(content)
    if kind == "dict":
        return dict(_pair(item, arrays, depth) for item in _unpacked_list(content))
    if kind in _SEQUENCES:
        return _SEQUENCES[kind](_unpacked(content, arrays, depth))
    raise ValueError(f"unknown kind {kind!r}")


_SEQUENCES: dict[str, type] = {"list": list, "tuple": tuple, "set": set}


def _pair(content: Any, arrays: StoredArrays, depth: int) -> tuple[Any, Any]:
    items = _unpacked(content, arrays, depth)
    if len(items) != 2:
        raise ValueError("expected a key and a value")
    return items[0], items[1]


def _unpacked(content: Any, arrays: StoredArrays, depth: int) -> list[Any]:
    return [unpack(each, arrays, depth=depth + 1) for each in _unpacked_list(content)]


def _unpacked_list(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise ValueError("expected a list")
    return content
