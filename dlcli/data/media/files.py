"""The files of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.cell_faults import missing_values
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.codec import Column
from dlcli.data.columns.named_files import NamedFiles
from dlcli.errors import DataError, Problem

__all__ = ["LISTED", "File", "NumberedFiles", "files_of", "present_files", "refuse"]

File = tuple[str, str | None]
"""A name, and the folder that it is relative to: see `open_named`."""

LISTED = 5
"""Files that a message lists."""


class NumberedFiles:
    """Files that samples are made of when they are taken, by a number for each."""

    def __init__(self) -> None:
        self._files: list[File] = []

    def number(self, files: Sequence[File]) -> NDArray[np.int64]:
        """Take in more; their numbers, `(files,)`."""
        first = len(self._files)
        self._files += files
        return np.arange(first, len(self._files), dtype=np.int64)

    def of(self, numbers: NDArray[np.int64]) -> list[File]:
        """Those of some numbers."""
        return [self._files[number] for number in numbers.tolist()]


def files_of(column: Column | NamedFiles) -> tuple[list[File], NDArray[np.bool_]]:
    """The files of rows, and which rows have none."""
    named = column if isinstance(column, NamedFiles) else NamedFiles(as_arrow(column), None)
    folder = None if named.folder is None else str(named.folder)
    names = named.names.to_pylist()
    return [(name or "", folder) for name in names], np.array([not name for name in names], np.bool_)


def present_files(name: str, column: Column | NamedFiles, *, start: int) -> list[File]:
    """The files of rows that all have one.

    Args:
        name: The column's.
        column: Its cells.
        start: Row number, from 0, of the first row in its source.

    Raises:
        DataError: Empty cells.
    """
    files, missing = files_of(column)
    if missing.any():
        hint = "leave these rows out, or name their files"
        raise DataError(missing_values(name, missing, start=start, hint=hint))
    return files


def refuse(problems: Sequence[Problem], what: str) -> None:
    """Raise the problems of files, if there are any.

    Args:
        problems: One a file.
        what: The files are, such as `images`.

    Raises:
        DataError: The first ones, and how many more there are.
    """
    if problems:
        more = len(problems) - LISTED
        rest = [Problem(f"{more:,} more {what} cannot be used", rule=problems[LISTED].rule)] if more > 0 else []
        raise DataError([*problems[:LISTED], *rest])
