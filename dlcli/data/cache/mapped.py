"""Arrays that lie in files: mapped into memory, and let go of again as they are read.

The system counts the pages of a mapped file that were touched as memory of the process, and takes them back only
when memory runs short. `take` gives them back itself, so that the process stays small however large the file is.
"""

from __future__ import annotations

import mmap
import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["is_mapped", "map_array", "take"]

WINDOW_BYTES = 32 * 2**20
"""Mapped pages that may be resident before they are given back."""

FAULT_BYTES = 64 * 2**10
"""What one touch of a page makes resident: Linux maps the pages around it as well (`fault_around_bytes`)."""


LARGE_ROW = 2048
"""Bytes from which on a row is read and not mapped. One touch of a file that was just written makes 2 MB of it resident
on newer kernels (seen on 6.18): of rows here and there, hundreds of megabytes before they are let go of. Reading a row
costs a microsecond, which is little beside copying a large one."""


class _Map(mmap.mmap):
    """A mapped file that keeps what must live as long as any array of it."""

    keep: object = None
    descriptor: int | None = None


def map_array(file: Path, *, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int, keep: object) -> NDArray[Any]:
    """An array, read-only, whose numbers stay in their file.

    Args:
        file: Where they are.
        dtype: Of the numbers.
        shape: `(rows, *shape)`.
        offset: Bytes before the first number.
        keep: Held until the last view of the array is gone, such as a lock.
    """
    if 0 in shape:
        return np.empty(shape, dtype)
    with file.open("rb") as stream:
        mapped = _Map(stream.fileno(), 0, access=mmap.ACCESS_READ)
        if hasattr(os, "preadv"):
            mapped.descriptor = os.dup(stream.fileno())
            weakref.finalize(mapped, os.close, mapped.descriptor)
    mapped.keep = keep
    return np.ndarray(shape, dtype, buffer=mapped, offset=offset)


def is_mapped(array: NDArray[Any]) -> bool:
    """Whether the array lies in a file."""
    return _map_of(array) is not None


def take(array: NDArray[Any], rows: NDArray[np.int64] | slice) -> NDArray[Any]:
    """Rows of an array, as an array in memory; the pages of a mapped one are given back.

    Args:
        array: `(rows, ...)`, in memory or mapped.
        rows: Which, in any order.

    Example:
        >>> take(np.arange(5), np.array([3, 1]))
        array([3, 1])
    """
    mapped = _map_of(array)
    if mapped is None:
        return array[rows] if isinstance(rows, slice) else array.take(rows, axis=0)
    if mapped.descriptor is not None and _row_bytes(array) >= LARGE_ROW and array.flags.c_contiguous:
        return _read(mapped, mapped.descriptor, array, rows)
    if isinstance(rows, slice):
        taken = np.empty_like(array[rows])
        step = max(1, WINDOW_BYTES // _row_bytes(array))
        for start in range(0, len(taken), step):
            taken[start : start + step] = array[rows][start : start + step]
            _let_go(mapped)
        return taken
    # In the order of the file: rows that are near each other share pages, and a disk reads forwards.
    order = np.argsort(rows)
    taken = np.empty((len(rows), *array.shape[1:]), array.dtype)
    step = max(1, WINDOW_BYTES // (FAULT_BYTES + _row_bytes(array)))
    for start in range(0, len(rows), step):
        places = order[start : start + step]
        taken[places] = array.take(rows[places], axis=0)
        _let_go(mapped)
    return taken


def _read(mapped: _Map, descriptor: int, array: NDArray[Any], rows: NDArray[np.int64] | slice) -> NDArray[Any]:
    """Large rows, read from the file."""
    places = np.arange(*rows.indices(len(array))) if isinstance(rows, slice) else rows
    taken = np.empty((len(places), *array.shape[1:]), array.dtype)
    room = taken.reshape(-1).view(np.uint8).data
    first = array.__array_interface__["data"][0] - np.frombuffer(mapped, np.uint8).__array_interface__["data"][0]
    size = _row_bytes(array)
    for place in np.argsort(places, kind="stable").tolist():  # a disk reads forwards
        row = int(places[place])
        if not 0 <= row < len(array):
            raise IndexError(f"row {row} of {len(array)}")
        part, start = room[place * size : (place + 1) * size], first + row * size
        while part:
            count = os.preadv(descriptor, [part], start)
            if not count:
                raise EOFError("the file of an array was cut short")
            part, start = part[count:], start + count
    return taken


def _row_bytes(array: NDArray[Any]) -> int:
    return max(1, array.nbytes // max(1, len(array)))


def _map_of(array: NDArray[Any]) -> _Map | None:
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, _Map) else None


def _let_go(mapped: _Map) -> None:
    # The pages are clean: when they are touched again they come from the system's file cache.
    if hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
