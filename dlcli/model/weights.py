"""The weights of a `.keras` or `.weights.h5` file that may come from anybody, read into a model that a config gives.

Keras reads numbers alone from it. HDF5 can do more: link to other files, keep a data set in them, and claim shapes that
no memory holds. What the model can need is known before, and nothing else is read.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any, BinaryIO

__all__ = ["load_weights"]

MEMBER = "model.weights.h5"

HDF5 = b"\x89HDF\r\n\x1a\n"
"""How such a file begins."""

MOST_ITEM_BYTES = 8
"""Of a number, in the widest type that Keras stores."""

COPIES = 8
"""How often a file may hold what the weights take: with them there are the averages and moments of an optimizer."""

SLACK_BYTES = 64 * 2**20
"""What a file may hold beside: its own structure, and what a layer of the user's own stores."""

MOST_OBJECTS = 1_000_000


def load_weights(model: Any, file: BinaryIO) -> None:
    """Read the weights of a model.

    Args:
        model: A built `keras.Model`.
        file: A `.keras` file, or the `.weights.h5` alone that such a file holds, open.

    Raises:
        BadZipFile, OSError: The file is damaged, or holds what no file of weights holds.
        ValueError: It holds other weights than the model's.
    """
    most = COPIES * MOST_ITEM_BYTES * sum(_count(variable.shape) for variable in model.variables) + SLACK_BYTES
    with tempfile.TemporaryDirectory(prefix="dlcli-") as directory, contextlib.ExitStack() as opened:
        weights = Path(directory) / MEMBER
        source, size = _member(file, opened)
        if size > most:
            raise zipfile.BadZipFile(f"{MEMBER} has {size:,} bytes, and at most {most:,} are expected")
        with weights.open("wb") as target:
            shutil.copyfileobj(source, target, 2**20)
        _require_plain(weights, most)
        model.load_weights(weights)


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


def _require_plain(file: Path, most: int) -> None:
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


def _count(shape: Any) -> int:
    return math.prod(map(int, shape))
