"""HDF5 files that may come from anybody: copied, looked at, and only then read.

HDF5 can link to other files, keep arrays in them, and claim shapes that no memory holds.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

__all__ = ["HDF5", "MEMBER", "private_copy", "require_plain", "size_for"]

MEMBER = "model.weights.h5"
"""The weights in a `.keras` file."""

HDF5 = b"\x89HDF\r\n\x1a\n"
"""How such a file begins."""

MOST_ITEM_BYTES = 8
"""Of a number, in the widest type that Keras stores."""

COPIES = 8
"""How often a file may hold what the weights take: with them there are the averages and moments of an optimizer."""

SLACK_BYTES = 64 * 2**20
"""What a file may hold beside: its own structure, and what a layer of the user's own stores."""

MOST_OBJECTS = 1_000_000


def size_for(model: Any) -> int:
    """The bytes that a file of a model's weights may have."""
    return COPIES * MOST_ITEM_BYTES * sum(_count(variable.shape) for variable in model.variables) + SLACK_BYTES


@contextlib.contextmanager
def private_copy(file: BinaryIO, most: int) -> Iterator[tuple[Path, str]]:
    """The HDF5 file in an open file, copied where nobody changes it and found plain; and the SHA-256 of what was read.

    Args:
        file: A `.keras` file, or the HDF5 file alone that such a file holds, open.
        most: See `size_for`.

    Raises:
        BadZipFile, OSError: The file is damaged, or holds what no file of weights holds.
    """
    with tempfile.TemporaryDirectory(prefix="dlcli-") as directory, contextlib.ExitStack() as opened:
        weights = Path(directory) / MEMBER
        source, size = _member(file, opened)
        if size > most:
            raise zipfile.BadZipFile(f"{MEMBER} has {size:,} bytes, and at most {most:,} are expected")
        digest = hashlib.sha256()
        with weights.open("wb") as target:
            while block := source.read(2**20):
                digest.update(block)
                target.write(block)
        require_plain(weights, most)
        yield weights, digest.hexdigest()


def _member(file: BinaryIO, opened: contextlib.ExitStack) -> tuple[IO[bytes], int]:
    """Where the weights are read, and how many bytes they have."""
    magic = file.read(len(HDF5))
    file.seek(0)
    if magic == HDF5:
        return file, os.fstat(file.fileno()).st_size
    archive = opened.enter_context(zipfile.ZipFile(file))
    try:
        info = archive.getinfo(MEMBER)
    except KeyError:
        raise zipfile.BadZipFile(f"it has no {MEMBER}") from None
    return opened.enter_context(archive.open(info)), info.file_size


def require_plain(file: Path, most: int) -> None:
    """Make sure that an HDF5 file holds groups and arrays, all within itself, and no more than is expected.

    Raises:
        BadZipFile: It does not.
        OSError: It is no HDF5 file.
    """
    import h5py

    with h5py.File(file, "r") as opened:
        left: list[Any] = [opened]
        seen = 0
        declared = 0
        groups: set[Any] = set()
        while left:
            group = left.pop()
            _require_small_attributes(group)
            for name in group:
                seen += 1
                if seen > MOST_OBJECTS:
                    raise zipfile.BadZipFile(f"{MEMBER} holds more than {MOST_OBJECTS:,} objects")
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise zipfile.BadZipFile(f"{MEMBER} holds a link, {group.name}/{name}")
                item = group[name]
                if isinstance(item, h5py.Group):
                    address = h5py.h5o.get_info(item.id).addr
                    if address not in groups:
                        groups.add(address)
                        left.append(item)
                elif isinstance(item, h5py.Dataset):
                    if item.external or item.is_virtual:
                        raise zipfile.BadZipFile(f"{MEMBER} keeps {item.name} in another file")
                    declared += _count(item.shape or ()) * item.dtype.itemsize
                    if declared > most:
                        raise zipfile.BadZipFile(f"{MEMBER} claims more than the {most:,} bytes that are expected")


def _require_small_attributes(group: Any) -> None:
    for name in group.attrs:
        shape = group.attrs.get_id(name).shape
        if _count(shape or ()) > MOST_OBJECTS:
            raise zipfile.BadZipFile(f"{MEMBER} holds an attribute of {_count(shape):,} values, {group.name}/{name}")


def _count(shape: Any) -> int:
    return math.prod(map(int, shape))
