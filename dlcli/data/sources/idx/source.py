"""The array of an IDX file: two zero bytes, the type of its numbers, how many axes, their sizes, the numbers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from dlcli.data.arrays.stored import Blocks, StoredArray, read_blocks
from dlcli.data.sources.access import check_readable, is_deflated, may_hold, open_bytes
from dlcli.data.sources.idx.types import TYPES
from dlcli.errors import DataError, Problem

__all__ = ["array"]


def array(file: Path) -> StoredArray:
    """The array of a file.

    Raises:
        DataError: The file is no such file, or damaged.
    """
    check_readable(file)
    with open_bytes(file) as stream:
        start = stream.read(4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or not start[3]:
            raise DataError(_damaged(file, f"'{file.name}' is no IDX file: it begins with the bytes {start.hex(' ')}"))
        sizes = stream.read(4 * start[3])
    if len(sizes) < 4 * start[3]:
        raise DataError(_damaged(file, f"'{file.name}' is cut short within its header"))
    shape = tuple(map(int, np.frombuffer(sizes, ">u4")))
    dtype = np.dtype(TYPES[start[2]])
    offset = 4 + len(sizes)
    expected, found = math.prod(shape) * dtype.itemsize, file.stat().st_size - offset
    if not may_hold(file, expected) or (not is_deflated(file) and expected != found):
        what = f"'{file.name}' says that it is of shape {shape}, which takes {expected:,} bytes, and has {found:,}"
        raise DataError(_damaged(file, what))

    def blocks(step: int) -> Blocks:
        with open_bytes(file) as stream:
            stream.read(offset)
            yield from read_blocks(stream, shape, dtype, step, what=f"the array of shape {shape}")
            if stream.read(1):
                raise DataError(_damaged(file, f"'{file.name}' goes on after its array of shape {shape}"))

    return StoredArray(file, shape, dtype, blocks)


def _damaged(file: Path, message: str) -> Problem:
    return Problem(
        message,
        hint="the file is damaged, cut short or of another format; copy it again",
        file=file,
        rule="damaged-file",
    )
