"""An entry of the cache: encoded arrays as `.npy` files, and a manifest by which every byte of them is checked.

<entry>/
  manifest.json    what the arrays are, their sizes and checksums, and whatever else was stored; with its own checksum
  files.json       the data files that it came from, as they were when they were last seen
  0.npy, 1.npy ... the arrays
  in-use           locked by those who read; its time is that of the last use
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dlcli.data.cache.known_files import KnownFile
from dlcli.data.cache.mapped import map_array
from dlcli.files.locks import FileLock
from dlcli.files.replacing import write_file
from dlcli.files.syncing import Sync

__all__ = ["ArrayName", "CorruptEntry", "Draft", "Entry", "read_known", "write_known"]

FORMAT = 1
"""Version of the layout; another one is not read."""

CHECKED_BYTES = 16 * 2**20
"""A checksum is of so many bytes, so that several threads can check a file."""

ArrayName = tuple[str, str, str]
"""The split, what it is (`inputs`, `targets`, `rows`, `sample_weight`), and the name of the input or target."""


class CorruptEntry(Exception):
    """An entry is not as it was written; the message says where."""


@dataclasses.dataclass(frozen=True)
class _Stored:
    """One array of the manifest; a checksum is of `checked` bytes."""

    file: str
    name: ArrayName
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    offset: int
    checked: int
    checksums: tuple[int, ...]

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        split, part, name = state["name"]
        return cls(
            str(state["file"]),
            (str(split), str(part), str(name)),
            str(state["dtype"]),
            tuple(int(size) for size in state["shape"]),
            int(state["bytes"]),
            int(state["offset"]),
            int(state["checked"]),
            tuple(int(each) for each in state["checksums"]),
        )


class _ArrayFile:
    """An array that is written to its file row by row, in their order; checked by what was meant, not by what lies."""

    def __init__(self, path: Path, name: ArrayName, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        self._path, self._name, self._dtype, self._shape = path, name, dtype, shape
        self._checksums: list[int] = []
        self._size = CHECKED_BYTES
        self._checked = 0  # bytes in the last, unfinished checksum
        self._stream = path.open("wb")
        np.lib.format.write_array_header_1_0(
            self._stream, {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        )
        self._offset = self._stream.tell()

    def write(self, rows: NDArray[Any]) -> None:
        """Add rows `(count, *shape)`."""
        data = np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data
        self._stream.write(data)
        while data:
            if self._checked in (0, self._size):
                self._checksums.append(0)
                self._checked = 0
            part = data[: self._size - self._checked]
            self._checksums[-1] = zlib.crc32(part, self._checksums[-1])
            self._checked += len(part)
            data = data[len(part) :]

    def close(self) -> _Stored:
        """End the file."""
        self._stream.close()
        shape = self._shape
        return _Stored(
            self._path.name,
            self._name,
            self._dtype.str,
            shape,
            self._path.stat().st_size,
            self._offset,
            self._size,
            tuple(self._checksums),
        )

    def abandon(self) -> None:
        """Close the file as it is, written or not."""
        with contextlib.suppress(OSError):
            self._stream.close()


class Draft:
    """An entry that is being written, in a directory that nobody else looks into; use it as a context manager.

    Args:
        directory: Empty.

    Every method raises OSError when the disk is full or cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._open: list[_ArrayFile] = []

    def create(self, name: ArrayName, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Callable[[NDArray[Any]], None]:
        """Begin an array; its rows are given, in order and in any pieces, to the function that comes back."""
        file = _ArrayFile(self.directory / f"{len(self._open)}.npy", name, dtype, shape)
        self._open.append(file)
        return file.write

    def add(self, name: ArrayName, array: NDArray[Any]) -> None:
        """Write a whole array."""
        self.create(name, array.shape, array.dtype)(array)

    def finish(self, content: Mapping[str, Any], files: Sequence[KnownFile]) -> None:
        """Write the manifest, last: without it there is no entry.

        The files are not synced: whatever a crash of the machine leaves of them is held against the checksums when
        the entry is opened, and waiting for the disk would take longer than encoding the data again.

        Args:
            content: JSON values that are kept with the arrays.
            files: Where the data came from.
        """
        stored = [file.close() for file in self._open]
        body = {"format": FORMAT, "content": dict(content), "arrays": [dataclasses.asdict(each) for each in stored]}
        write_known(self.directory, files)
        (self.directory / "in-use").touch()
        text = _canonical(body)
        manifest = json.dumps({"checksum": zlib.crc32(text.encode()), "body": body})
        write_file(self.directory / "manifest.json", manifest, sync=Sync.NEVER)

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._open:
            file.abandon()


class Entry:
    """An entry that is whole, and kept from being removed while we read it.

    Args:
        directory: Where it is.
        lock: On its `in-use`, shared.
        content: What was stored with the arrays.
        stored: The arrays.
    """

    def __init__(self, directory: Path, lock: FileLock, content: dict[str, Any], stored: Sequence[_Stored]) -> None:
        self.directory = directory
        self.content = content
        self._lock = lock
        self._stored = {each.name: each for each in stored}

    @classmethod
    def open(cls, directory: Path) -> Entry | None:
        """Open an entry and mark it as used; None when there is none.

        The manifest and the sizes of all files are checked here, the arrays by `verify`.

        Raises:
            CorruptEntry: Something is missing, cut short or altered.
        """
        lock = FileLock(directory / "in-use")
        try:
            if not (directory / "manifest.json").exists():
                if directory.is_dir():
                    raise CorruptEntry("its manifest is gone")
                return None
            lock.acquire(shared=True)
            os.utime(lock.path)
        except FileNotFoundError:  # it has just been removed
            return None
        except OSError:
            pass  # on a file system that is read-only or knows no locks entries can be read nevertheless
        content, stored = _read_manifest(directory)
        for each in stored:
            try:
                size = (directory / each.file).stat().st_size
            except OSError as error:
                raise CorruptEntry(f"{each.file}: {error.strerror}") from None
            if size != each.bytes:
                raise CorruptEntry(f"{each.file} has {size} bytes, not {each.bytes}")
        return cls(directory, lock, content, stored)

    @property
    def names(self) -> tuple[ArrayName, ...]:
        """The arrays there are."""
        return tuple(self._stored)

    def verify(self, names: Sequence[ArrayName] | None = None) -> None:
        """Hold the content of arrays against their checksums, some GB a second.

        Args:
            names: Which arrays; all when None.

        Raises:
            CorruptEntry: A file was altered.
        """
        parts = [
            (each, place)
            for each in self._stored.values()
            if names is None or each.name in names
            for place in range(len(each.checksums))
        ]
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1), "dlcli-checking") as pool:
            for (each, place), checksum in zip(parts, pool.map(self._checksum, parts), strict=True):
                if checksum != each.checksums[place]:
                    raise CorruptEntry(f"{each.file} was altered")

    def read(self, name: ArrayName) -> NDArray[Any]:
        """An array, in memory.

        Raises:
            CorruptEntry: The file was cut short.
        """
        each = self._stored[name]
        array = np.empty(each.shape, np.dtype(each.dtype))
        if array.size:
            with (self.directory / each.file).open("rb", buffering=0) as stream:
                stream.seek(each.offset)
                view = array.reshape(-1).view(np.uint8).data
                while view:
                    count = stream.readinto(view)
                    if not count:
                        raise CorruptEntry(f"{each.file} was cut short")
                    view = view[count:]
        return array

    def map(self, name: ArrayName) -> NDArray[Any]:
        """An array that stays in its file; the entry is in use as long as the array lives."""
        each = self._stored[name]
        file = self.directory / each.file
        return map_array(file, dtype=np.dtype(each.dtype), shape=each.shape, offset=each.offset, keep=self._lock)

    def _checksum(self, part: tuple[_Stored, int]) -> int:
        """Of one part of a file, in small reads."""
        each, place = part
        checksum, left = 0, each.checked
        with (self.directory / each.file).open("rb", buffering=0) as stream:
            stream.seek(each.offset + place * each.checked)
            while left and (data := stream.read(min(left, 2**20))):
                checksum, left = zlib.crc32(data, checksum), left - len(data)
        return checksum


def read_known(directory: Path) -> tuple[KnownFile, ...]:
    """The data files of an entry as they were last seen; none when that cannot be read."""
    try:
        states = json.loads((directory / "files.json").read_text(encoding="utf-8"))
        return tuple(KnownFile.from_state(state) for state in states)
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def write_known(directory: Path, files: Sequence[KnownFile]) -> None:
    """Write down the data files of an entry. Raises OSError."""
    write_file(directory / "files.json", json.dumps([file.state() for file in files]), sync=Sync.NEVER)


def _read_manifest(directory: Path) -> tuple[dict[str, Any], list[_Stored]]:
    try:
        manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
        body = manifest["body"]
        if manifest["checksum"] != zlib.crc32(_canonical(body).encode()) or body["format"] != FORMAT:
            raise CorruptEntry("its manifest was altered")
        return dict(body["content"]), [_Stored.from_state(state) for state in body["arrays"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorruptEntry(f"its manifest cannot be read: {error}") from None


def _canonical(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"))
