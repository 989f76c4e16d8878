"""Cells that name files, as paths: of files that are there, and below the directory that they may lie in."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from dlcli.config.document.file_names import is_remote, name_problem
from dlcli.data.columns.names import is_text, value_names
from dlcli.data.values.conversion import CellFault
from dlcli.errors import Problem
from dlcli.files.folders import is_inside

__all__ = ["FileFault", "find_named"]


class FileFault(CellFault):
    """A cell that names no file, or none that may be read.

    Args:
        index: Place of the first such cell in the array.
        value: What it holds.
        count: How many such cells the array has.
        reason: What is wrong with the first.
        hint: The way out.
    """

    def __init__(self, index: int, value: str, count: int, *, reason: str, hint: str) -> None:
        super().__init__(index, value, count)
        self.reason, self.hint = reason, hint

    def problem(self, column: str, *, row: int) -> Problem:
        value = repr(self.value if len(self.value) <= 200 else self.value[:197] + "...")
        more = f" ({self.count - 1:,} more such cells after it)" if self.count > 1 else ""
        message = f"column {column!r} names files, and row {row} holds {value}: {self.reason}{more}"
        return Problem(message, hint=self.hint, rule="named-file")


def find_named(cells: pa.Array, bases: Sequence[Path]) -> pa.Array:
    """The absolute paths of the files that cells name; an empty cell names none.

    A file is read only when it lies in one of the directories, and no link leads out of it: the cells may be a
    stranger's.

    Args:
        cells: Paths, relative to one of the directories or absolute.
        bases: The directories, the first where the file is there.

    Raises:
        FileFault: Cells name no regular file, or one that lies elsewhere.
    """
    texts = (cells if is_text(cells.type) else value_names(cells)).to_pylist()
    search = _Search([os.path.abspath(base) for base in bases])
    found = [None if text is None else search.find(text) for text in texts]
    faults = [index for index, text in enumerate(texts) if text is not None and found[index] is None]
    if faults:
        value = texts[faults[0]]
        reason, hint = search.told(value)
        raise FileFault(faults[0], value, len(faults), reason=reason, hint=hint)
    return pa.array(found, pa.string())


class _Search:
    """Looks for files in directories; what was found of a directory is kept, for most cells share theirs."""

    def __init__(self, bases: Sequence[str]) -> None:
        self._bases = bases
        self._real = [os.path.realpath(base) for base in bases]
        self._seen: dict[str, str] = {}

    def find(self, text: str) -> str | None:
        """The path of the file; None when it is not there, or may not be read."""
        return next((place for place in self._places(text) if self._may_be_read(place)), None)

    def told(self, text: str) -> tuple[str, str]:
        """What is wrong with a cell that names no file, and the way out."""
        base = self._bases[-1]
        if is_remote(text):
            return "it is an address", "download the files first; only local files are read"
        if "\0" in text or name_problem(text) is not None:
            return "it cannot be the name of a file", "mend the cell"
        for place in self._places(text):
            if os.path.isdir(place):
                return "it is a directory", "a cell names one file"
            if os.path.lexists(place):
                inside = self._base_of(place) is not None
                what = "it leads out of" if inside and os.path.isfile(place) else "it lies outside of"
                if inside and not os.path.isfile(place):
                    return "it is no regular file", "only files are read, no pipes and devices, and no broken links"
                return f"{what} '{base}'", "data.directory names the directory that all the files lie in"
        return f"there is no such file in '{base}'", self._near(text, base)

    def _places(self, text: str) -> Iterator[str]:
        """Where the file may be: as it is written; without blanks around it; and as Windows writes paths."""
        for name in dict.fromkeys((text, text.strip(), text.strip().replace("\\", "/"))):
            if name and "\0" not in name:
                yield from (os.path.normpath(os.path.join(base, name)) for base in self._bases)

    def _may_be_read(self, place: str) -> bool:
        base = self._base_of(place)
        if base is None:
            return False
        try:
            if not stat.S_ISLNK(mode := os.lstat(place).st_mode):
                return stat.S_ISREG(mode) and is_inside(self._directory(os.path.dirname(place)), base)
            return os.path.isfile(place) and is_inside(os.path.realpath(place), base)
        except (OSError, ValueError):
            return False

    def _base_of(self, place: str) -> str | None:
        """The directory that a path lies in, without links."""
        pairs = zip(self._bases, self._real, strict=True)
        return next((real for base, real in pairs if is_inside(place, base) or is_inside(place, real)), None)

    def _directory(self, directory: str) -> str:
        if directory not in self._seen:
            self._seen[directory] = os.path.realpath(directory)
        return self._seen[directory]

    def _near(self, text: str, base: str) -> str:
        """A way out for the usual reasons: the files lie one folder further down, or the cells lack their suffix."""
        name = text.strip().replace("\\", "/")
        try:
            with os.scandir(base) as entries:
                folders = sorted(entry.name for entry in entries if entry.is_dir())[:1000]
        except OSError:
            return f"there is no directory '{base}'"
        below = next((folder for folder in folders if os.path.isfile(os.path.join(base, folder, name))), None)
        if below is not None:
            return f"it is in '{below}': say data.directory: {os.path.join(base, below)}"
        stem = os.path.basename(name)
        directories = [os.path.dirname(os.path.join(base, folder, name)) for folder in ("", *folders)]
        for directory in filter(os.path.isdir, directories):
            with os.scandir(directory) as entries:
                suffixed = next((entry.name for entry in entries if entry.name.rpartition(".")[0] == stem), None)
            if suffixed is not None:
                return f"there is '{os.path.join(directory, suffixed)}': write the names with their suffix"
        return "paths are relative to the table, or to data.directory"
