"""Cells that name files: each relative to the folder of what lists it, inside that folder, and opened with care.

A table may come from a stranger. What it names is opened only where it lies beside the table or below, is no pipe that
would never end, and is no link to somewhere else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import functools
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from dlcli.config.document.file_names import is_remote, name_problem
from dlcli.errors import DataError, Problem

__all__ = ["NamedFiles", "listing_folder", "open_named", "place_of"]

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


@dataclasses.dataclass(frozen=True, slots=True)
class NamedFiles:
    """A column of names.

    Args:
        names: Texts; null where a cell is empty.
        folder: What they are relative to, and lie in; None for a table in memory: the working directory, and nothing
            is refused, for who hands over a table could open the files as well.
    """

    names: pa.Array
    folder: Path | None

    @classmethod
    def listed_in(cls, names: pa.Array, file: Path | None, folders: Sequence[Path] = ()) -> NamedFiles:
        """The names that a file, or a folder, lists.

        Args:
            names: The cells.
            file: What lists them; None for a table in memory.
            folders: Where they are looked for in place of its own folder: all in the first that has one of them.
        """
        if not folders:
            return cls(names, None if file is None else listing_folder(file))
        first = next((name for name in names.to_pylist() if name), "")
        there = (folder for folder in folders if _is_there(folder, first))
        return cls(names, next(there, folders[0]))

    def __len__(self) -> int:
        return len(self.names)

    def places(self) -> Iterator[Path]:
        """Where the files and folders lie, each once; those that cannot be opened are left to who opens them."""
        folder = None if self.folder is None else str(self.folder)
        for name in self.names.unique().to_pylist():
            with contextlib.suppress(DataError):
                if name:
                    yield Path(place_of(name, folder, directory=True))


def _is_there(folder: Path, name: str) -> bool:
    with contextlib.suppress(DataError):
        return bool(place_of(name, str(folder), directory=True))
    return False


def listing_folder(file: Path) -> Path:
    """The folder of a file that lists others, or the folder that does so itself."""
    return file if file.is_dir() else file.parent


def open_named(name: str, folder: str | None) -> BinaryIO:
    """Open a file for reading.

    Args:
        name: As the cell has it.
        folder: See `NamedFiles`.

    Raises:
        DataError: See `place_of`.

    Example:
        >>> open_named("../secret.png", "/data")
        Traceback (most recent call last):
        dlcli.errors.DataError: '../secret.png' lies outside of '/data', the folder of the file that names it ...
    """
    path = place_of(name, folder)
    try:
        descriptor = os.open(path, _FLAGS | (_NO_LINK if folder is not None else 0))
    except OSError as error:
        raise _cannot(path, error) from None
    return os.fdopen(descriptor, "rb")


def place_of(name: str, folder: str | None, *, directory: bool = False) -> str:
    """Where a named file lies; it is no link, unless there is no folder.

    Args:
        name: As the cell has it.
        folder: See `NamedFiles`.
        directory: Whether it may be a directory as well.

    Raises:
        DataError: It is not there, is no file, or lies outside of the folder.
    """
    if (problem := name_problem(name)) is not None:
        raise DataError(problem)
    if is_remote(name):
        hint = "download it first; only local files are read"
        raise DataError(Problem(f"'{name}' is an address, not a file", hint=hint, rule="file-not-found"))
    path = _written(os.path.normpath(os.path.join(folder or "", name)), name, folder)
    try:
        if folder is not None:
            path = os.path.join(_real(os.path.dirname(path)), os.path.basename(path))
            if not _inside(path, folder):
                raise _outside(name, folder)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                path = os.path.realpath(path)
                if not _inside(path, folder):
                    raise _outside(name, folder)
                mode = os.lstat(path).st_mode
        else:
            mode = os.stat(path).st_mode
    except OSError as error:
        raise _cannot(path, error, folder=folder) from None
    if not (stat.S_ISREG(mode) or (directory and stat.S_ISDIR(mode))):
        message = f"'{path}' is a directory, a pipe or a device, not a file"
        hint = "name a file; a folder of frames is `type: video`" if stat.S_ISDIR(mode) else "name a file"
        raise DataError(Problem(message, hint=hint, rule="not-a-file"))
    return path


def _written(path: str, name: str, folder: str | None) -> str:
    """The path, or that of the name without blanks around it and with the slashes of other systems, if only that is one
    of a file."""
    plain = name.strip().replace("\\", "/")
    if plain in ("", name) or os.path.lexists(path):
        return path
    other = os.path.normpath(os.path.join(folder or "", plain))
    return other if os.path.lexists(other) else path


def _cannot(path: str, error: OSError, *, folder: str | None = None) -> DataError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        usual = "names are relative to the folder of the file that lists them, or to data.directory"
        hint = _near(path, folder) or usual
        return DataError(Problem(f"there is no file '{path}'", hint=hint, rule="file-not-found"))
    message = f"'{path}' cannot be read: {error.strerror or error}"
    return DataError(Problem(message, hint="mend its permissions", rule="unreadable-file"))


def _near(path: str, folder: str | None) -> str:
    """A way out for the usual reasons: the files lie one folder further down, or the cells lack their suffix."""
    if folder is None:
        return ""
    name = os.path.relpath(path, _real(folder))
    folders = _folders(folder)
    below = next((each for each in folders if os.path.isfile(os.path.join(folder, each, name))), None)
    if below is not None:
        return f"it is in '{below}': say data.directory: {os.path.join(folder, below)}"
    for directory in (os.path.dirname(os.path.join(folder, each, name)) for each in ("", *folders)):
        found = _stems(directory).get(os.path.basename(name))
        if found is not None:
            return f"there is '{os.path.join(directory, found)}': write the names with their suffix"
    return ""


@functools.lru_cache(maxsize=64)
def _folders(directory: str) -> tuple[str, ...]:
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        return tuple(sorted(entry.name for entry in entries if entry.is_dir())[:100])
    return ()


@functools.lru_cache(maxsize=128)
def _stems(directory: str) -> Mapping[str, str]:
    """The names of files by what stands before their suffix."""
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        return {entry.name.rpartition(".")[0]: entry.name for entry in entries if "." in entry.name}
    return {}


@functools.lru_cache(maxsize=4096)
def _real(directory: str) -> str:
    """Where a directory really lies; the same few hold all files."""
    return os.path.realpath(directory)


def _inside(place: str, folder: str) -> bool:
    return place.startswith(os.path.join(_real(folder), ""))


def _outside(name: str, folder: str) -> DataError:
    return DataError(
        Problem(
            f"'{name}' lies outside of '{os.path.abspath(folder)}', the folder of the file that names it",
            hint="data.directory names the folder that all the files lie in; what lies elsewhere is not opened",
            rule="file-outside",
        )
    )
