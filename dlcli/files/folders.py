"""The files in a folder and below it, always in the same order, without those that nobody put there."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

from dlcli.errors import DataError, Problem, first_of

__all__ = ["Folder", "FoundFile", "is_inside", "is_listed", "list_folder"]

LEFT_OUT = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "__pycache__", "@eadir", "lost+found"}
    | {"$recycle.bin", "system volume information", "_classes.csv"}
)
"""Names, in small letters, of what systems and services put among the files; so are names that begin with a dot."""

_LISTED = 5
"""Names that a message lists."""


@dataclasses.dataclass(frozen=True, slots=True)
class FoundFile:
    """A file in a folder.

    Args:
        path: Relative to the folder, its parts parted by `/`.
        place: As the system finds it.
    """

    path: str
    place: str


@dataclasses.dataclass(frozen=True, slots=True)
class Folder:
    """What is in a folder.

    Args:
        files: Sorted by the parts of their paths.
        empty: The folders that hold no file, not even below them.
    """

    files: tuple[FoundFile, ...]
    empty: tuple[str, ...]


def is_inside(place: str, folder: str) -> bool:
    """Whether a path without links and without `..` is one in a folder, or that folder.

    Example:
        >>> is_inside("/data/cats/1.png", "/data"), is_inside("/data2/1.png", "/data")
        (True, False)
    """
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)


def is_listed(name: str) -> bool:
    """Whether an entry of a folder is one of the files or folders that somebody put there, by its name."""
    return name[0] != "." and name.lower() not in LEFT_OUT


def list_folder(folder: Path) -> Folder:
    """Look through a folder and all below it. No file is opened.

    Links to directories within the folder are passed over, for what they lead to is met anyway.

    Raises:
        DataError: Links that lead out of it, names that cannot be shown, folders that may not be looked into.
    """
    top = os.path.realpath(folder)
    files: list[FoundFile] = []
    empty: list[str] = []
    links: list[str] = []

    def walk(directory: str, prefix: str) -> None:
        before = len(files)
        for entry in _entries(directory):
            path = f"{prefix}{entry.name}"
            if entry.is_symlink():
                if not is_inside(os.path.realpath(entry.path), top):
                    links.append(path)
                elif entry.is_file():
                    files.append(FoundFile(path, entry.path))
            elif entry.is_dir():
                walk(entry.path, f"{path}/")
            elif entry.is_file():
                files.append(FoundFile(path, entry.path))
        if len(files) == before and prefix:
            empty.append(prefix[:-1])

    try:
        walk(str(folder), "")
    except OSError as error:
        raise DataError(
            Problem(
                f"the folder cannot be looked into: {error.strerror or error}",
                file=error.filename or folder,
                rule="unreadable-file",
            )
        ) from None
    problems = [*_leaving(folder, links), *_unshowable(folder, files)]
    if problems:
        raise DataError(problems)
    return Folder(tuple(files), tuple(empty))


def _entries(directory: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(directory) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    return (entry for entry in entries if is_listed(entry.name))


def _leaving(folder: Path, links: list[str]) -> list[Problem]:
    if not links:
        return []
    return [
        Problem(
            f"links lead out of '{folder.name}': {_some(links)}",
            hint="name the folder that they lead to, or copy the files: nothing outside a folder is read with it",
            file=folder,
            rule="file-outside",
        )
    ]


def _unshowable(folder: Path, files: list[FoundFile]) -> list[Problem]:
    names = [file.path for file in files if any("\ud800" <= letter <= "\udfff" for letter in file.path)]
    if not names:
        return []
    shown = _some([name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for name in names])
    return [
        Problem(
            f"names of files in '{folder.name}' are not UTF-8: {shown}",
            hint="give them other names",
            file=folder,
            rule="file-name",
        )
    ]


def _some(names: list[str]) -> str:
    return first_of((f"'{name}'" for name in names), _LISTED)
