"""External data: what an ONNX file reaches for outside of itself, found in its bytes before a runtime sees them.

A tensor may lie in another file, which a runtime opens by the name that the model says: any file that it can reach. The
models that dlcli writes hold all their tensors. Protocol buffers are walked here because the package `onnx` takes as
long to load as a prediction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["outside"]

# The messages of onnx.proto that lead to a tensor, by the number of their fields.
_MESSAGES: Final[Mapping[str, Mapping[int, str]]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA: Final = 13
_DATA_LOCATION: Final = 14

MOST_FIELDS: Final = 5_000_000
"""A model of a hundred thousand operations has fewer."""


def outside(content: bytes) -> str:
    """Why a model is not opened, as the rest of a sentence about it; empty when it holds all that it needs.

    Args:
        content: Of the file.

    Example:
        >>> outside(b"")
        ''
    """
    if content[4:8] == b"ORTM":
        return "is a model of another format than ONNX"
    left = [("model", 0, len(content))]
    count = 0
    try:
        while left:
            kind, start, end = left.pop()
            inner = _MESSAGES[kind]
            for number, value, position in _fields(content, start, end):
                count += 1
                if count > MOST_FIELDS:
                    return f"has more than {MOST_FIELDS:,} parts"
                if kind == "tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value)):
                    return "keeps numbers in another file, which is not opened"
                if number in inner and position is not None:
                    left.append((inner[number], position, position + value))
    except (IndexError, ValueError):
        return "is no ONNX file, or was cut short"
    return ""


def _fields(content: bytes, start: int, end: int) -> Iterator[tuple[int, int, int | None]]:
    """The fields of a message: number, value or size, and where the content of one with a size begins.

    Raises:
        ValueError: This is no message.
        IndexError: It was cut short.
    """
    while start < end:
        tag, start = _integer(content, start)
        if tag >= 2**32:
            raise ValueError("no number of a field")
        value, position = 0, None
        match tag & 7:
            case 0:
                value, start = _integer(content, start)
            case 1:
                start += 8
            case 2:
                value, position = _integer(content, start)
                start = position + value
            case 5:
                start += 4
            case _:
                raise ValueError("a group")
        if start > end:
            raise ValueError("a field that is longer than its message")
        yield tag >> 3, value, position


def _integer(content: bytes, start: int) -> tuple[int, int]:
    """A number of variable length, and where the next field begins."""
    value = shift = 0
    while True:
        byte = content[start]
        start += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, start
        shift += 7
        if shift > 63:
            raise ValueError("a number of too many bytes")
