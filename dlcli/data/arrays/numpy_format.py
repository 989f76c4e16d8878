"""An array as NumPy writes it, in a file of its own or within an archive."""

from __future__ import annotations

import dataclasses
import math
from typing import IO, Any

import numpy as np

from dlcli.data.arrays.stored import Blocks, read_blocks

__all__ = ["NpyHeader", "read_header"]


@dataclasses.dataclass(frozen=True)
class NpyHeader:
    """What stands before the values.

    Args:
        shape: `(rows, *shape)`.
        fortran: Columns first.
        dtype: Of the values.
    """

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    def blocks(self, stream: IO[bytes], step: int, *, what: str) -> Blocks:
        """The rows, from a file that stands behind the header. Raises EOFError when there are fewer."""
        if not self.fortran:
            yield from read_blocks(stream, self.shape, self.dtype, step, what=what)
            return
        # Columns first: no row is complete before the end of the array.
        data = stream.read(math.prod(self.shape) * self.dtype.itemsize)
        if len(data) != math.prod(self.shape) * self.dtype.itemsize:
            raise EOFError(f"{what} is cut short")
        whole = np.frombuffer(data, self.dtype).reshape(self.shape, order="F")
        for start in range(0, self.shape[0], step):
            yield np.ascontiguousarray(whole[start : start + step])


def read_header(stream: IO[bytes], size: int | None) -> NpyHeader:
    """Read the header of an array.

    Args:
        stream: Stands at its beginning.
        size: Of the file, its header included; None when that is not known.

    Raises:
        ValueError: It is none, holds Python objects or is a single value, or the size is not what the header says.
    """
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never unpickled")
    if not shape:
        raise ValueError("it is a single value without rows")
    expected = math.prod(shape) * dtype.itemsize
    if size is not None and expected != size - stream.tell():
        raise ValueError(f"its shape {shape} needs {expected} bytes, and it has {size - stream.tell()}")
    return NpyHeader(shape, fortran, dtype)
