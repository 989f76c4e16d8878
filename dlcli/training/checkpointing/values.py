"""Plain values and arrays as JSON and bytes, and back: numbers, texts, lists, mappings, arrays; nothing that runs."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Held", "Member", "NotPlain", "PackedArrays", "StoredArrays", "pack", "unpack"]

MOST_DEPTH = 50
"""Of lists within lists."""

MOST_BITS = 10_000
"""Of a number in JSON: Python reads none of more than 4,300 digits."""

KINDS = "biufcSUmM"
"""NumPy's letters for the dtypes that are numbers, texts and times."""

OF_KERAS = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4")
"""Further ones, which NumPy knows by their names when Keras is loaded."""


class NotPlain(Exception):
    """A value that has no form of its own in a file."""


@dataclasses.dataclass(frozen=True)
class Held:
    """What was in an object that is no value.

    Args:
        kind: The name of its class.
        content: As values; None of an object without a state.
    """

    kind: str
    content: Any


@dataclasses.dataclass(frozen=True)
class Member:
    """What was a member of an enumeration.

    Args:
        module: Where its class is.
        kind: The name of the class in there.
        name: The member's name.
    """

    module: str
    kind: str
    name: str


Contents = Callable[[Any], Any]
"""What is in an object; None of one without a state. Raises NotPlain."""


def _refuse(value: Any) -> Any:
    raise NotPlain(f"a {type(value).__name__}")


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


def pack(value: Any, arrays: PackedArrays, *, depth: int = 0, contents: Contents = _refuse) -> Any:
    """A value as JSON, its arrays put among the others.

    Args:
        value: The value.
        arrays: The others.
        depth: How deep it lies in another.
        contents: Asked for what is in an object that is no value; there is none by itself.

    Raises:
        NotPlain: It is, or holds, something else.

    Example:
        >>> pack((1, {"a": None}), PackedArrays())
        {'tuple': [1, {'dict': [['a', None]]}]}
    """
    if depth > MOST_DEPTH:
        raise NotPlain("something too deep, or that holds itself")

    def inner(part: Any) -> Any:
        return pack(part, arrays, depth=depth + 1, contents=contents)

    def whole(key: Any) -> Any:  # no object is found again in a set, or as a key: there is none to be filled
        return pack(key, arrays, depth=depth + 1)

    match value:
        case None | bool() | str() if type(value) in (type(None), bool, str):
            return value
        case np.ndarray():
            return {"array": arrays.add(value)}
        case np.generic():
            return {"scalar": arrays.add(value)}
        case int() | float() if type(value) is float or (type(value) is int and value.bit_length() <= MOST_BITS):
            return value
        case enum.Enum() if value.name in type(value).__members__:
            return {"member": [type(value).__module__, type(value).__qualname__, value.name]}
        case collections.deque():
            return {"deque": [[inner(each) for each in value], value.maxlen]}
        case dict() if type(value) in _MAPPINGS.values():
            return {type(value).__name__: [[whole(key), inner(each)] for key, each in value.items()]}
        case list() | tuple() if type(value) in _SEQUENCES.values():
            return {type(value).__name__: [inner(each) for each in value]}
        case set() | frozenset() if type(value) in _SEQUENCES.values():
            return {type(value).__name__: [whole(each) for each in value]}
        case _:
            return _packed_object(value, inner, contents)


def _packed_object(value: Any, inner: Callable[[Any], Any], contents: Contents) -> Any:
    for kind, (type_, write, _) in _WORDS.items():
        if type(value) is type_ or (type_ is Path and isinstance(value, Path)):
            return {kind: write(value)}
    return {"object": [type(value).__name__, inner(contents(value))]}


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
    if kind in _WORDS and isinstance(content, str):
        return _WORDS[kind][2](content)
    if kind in _MAPPINGS:
        return _MAPPINGS[kind](dict(_pair(item, arrays, depth) for item in _unpacked_list(content)))
    if kind == "deque":
        items, most = _unpacked_list(content)
        return collections.deque(_unpacked(items, arrays, depth), most)
    if kind == "object":
        name, inside = _unpacked_list(content)
        return Held(str(name), unpack(inside, arrays, depth=depth + 1))
    if kind == "member":
        return Member(*_names(content))
    if kind in _SEQUENCES:
        return _SEQUENCES[kind](_unpacked(content, arrays, depth))
    raise ValueError(f"unknown kind {kind!r}")


_SEQUENCES: dict[str, type] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}

_MAPPINGS: dict[str, type] = {"dict": dict, "OrderedDict": collections.OrderedDict, "Counter": collections.Counter}

_WORDS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "bytes": (bytes, bytes.hex, bytes.fromhex),
    "complex": (complex, repr, complex),
    "datetime": (datetime.datetime, datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    "date": (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "path": (Path, str, Path),
    "int": (int, hex, lambda text: int(text, 16)),
}
"""What is written as a text: its type, how it becomes one, and back."""


def _names(content: Any) -> list[str]:
    if not isinstance(content, list) or len(content) != 3 or not all(isinstance(each, str) for each in content):
        raise ValueError("expected a module, a class and a name")
    return content


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
