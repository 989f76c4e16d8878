"""The array of an `.npy` file."""

from __future__ import annotations

import math
from pathlib import Path

from dlcli.data.arrays.numpy_format import read_header
from dlcli.data.arrays.stored import Blocks, StoredArray, unreadable_array
from dlcli.data.sources.access import check_readable, is_deflated, may_hold, open_bytes
from dlcli.errors import DataError

__all__ = ["array"]


def array(file: Path) -> StoredArray:
    """The array of a file. Pickled objects are never read: they could run code.

    Raises:
        DataError: The file is no such file, damaged, or holds what cannot be read.
    """
    check_readable(file)
    size = None if is_deflated(file) else file.stat().st_size
    with open_bytes(file) as stream:
        try:
            header = read_header(stream, size)
        except ValueError as error:
            raise DataError(unreadable_array(file, f"the array of '{file.name}' cannot be read: {error}")) from None

    if not may_hold(file, math.prod(header.shape) * header.dtype.itemsize):
        message = f"the array of '{file.name}' cannot be read: the file is too small for its shape {header.shape}"
        raise DataError(unreadable_array(file, message))

    def blocks(step: int) -> Blocks:
        with open_bytes(file) as stream:
            read_header(stream, size)
            yield from header.blocks(stream, step, what="the array")

    return StoredArray(file, header.shape, header.dtype, blocks)
