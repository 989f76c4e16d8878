"""An array in a file: what its header says, and its rows in blocks."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Generator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.chunk import Column, Kind
from dlcli.errors import Problem

__all__ = ["Blocks", "StoredArray", "from_memory", "read_blocks", "unreadable_array"]

Blocks = Generator[Column, None, None]
"""Rows of an array: of NumPy, or of Arrow for texts of any length."""


@dataclasses.dataclass(frozen=True)
class StoredArray:
    """An array in a file: what its header says, and how its rows are read.

    Args:
        file: Where it is.
        shape: `(rows, *shape)`.
        dtype: Of its values.
        blocks: From a number of rows to the rows in blocks of so many, the last may be shorter; raises DataError where
            the file is damaged.
    """

    file: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    blocks: Callable[[int], Blocks]

    @property
    def row_bytes(self) -> int:
        """What a row takes."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def kind(self) -> Kind | None:
        """What a column of it holds; None when it cannot be read."""
        scalar = len(self.shape) == 1
        match self.dtype.kind:
            case "b":
                return "boolean" if scalar else "number"
            case "i" | "u" | "f":
                return "number"
            case "U" if scalar:
                return "text"
            case "M" if scalar:
                return "datetime"
        return None


def from_memory(file: Path, values: NDArray[Any]) -> StoredArray:
    """An array that is in memory already."""

    def blocks(step: int) -> Blocks:
        for start in range(0, len(values), step):
            yield values[start : start + step]

    return StoredArray(file, values.shape, values.dtype, blocks)


def read_blocks(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any], step: int, *, what: str) -> Blocks:
    """The rows of an array in C order from an open file, from where it stands.

    Raises:
        EOFError: There are fewer.
    """
    row_bytes = math.prod(shape[1:]) * dtype.itemsize
    for start in range(0, shape[0], step):
        rows = min(step, shape[0] - start)
        data = stream.read(rows * row_bytes)
        if len(data) != rows * row_bytes:
            raise EOFError(f"{what} is cut short")
        yield np.frombuffer(data, dtype).reshape(rows, *shape[1:])


def unreadable_array(file: Path, message: str) -> Problem:
    """The problem of an array that is none of numbers, text or booleans, or not what its header says."""
    return Problem(
        message,
        hint="write plain arrays of numbers, text or booleans with numpy.savez(file, x=x, y=y)",
        file=file,
        rule="unreadable-array",
    )
