"""`history.csv`: a row per epoch, on the disk as soon as the epoch has ended."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from dlcli.errors import Problem, RunError
from dlcli.files.replacing import write_file
from dlcli.files.syncing import Sync
from dlcli.runs.inside import read_inside

__all__ = ["OWN_COLUMNS", "HistoryFile", "read_history"]

LONGEST_NUMBER = 100
"""Characters of a cell."""

MOST_BYTES = 256 * 2**20
"""Of a history that is read: a million epochs of twenty metrics."""


OWN_COLUMNS = ("epoch", "phase", "seconds", "rows_per_second")
"""Of the file; the others are Keras's."""

COUNTED = ("epoch", "phase")


class HistoryFile:
    """Writes the History as it grows.

    The columns are `epoch` (1, 2, ...), `phase` (likewise) where `fit` has phases, `seconds`, `rows_per_second`, then
    Keras's own metric names in the order in which they first appear. With `validation_freq` some epochs have no
    validation; their cells are empty.

    Args:
        path: Where the file goes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._columns: list[str] = []
        self._rows: list[dict[str, float]] = []
        self._whole = True

    def append(
        self, *, epoch: int, seconds: float, rows_per_second: float, logs: Mapping[str, float], phase: int | None = None
    ) -> None:
        """Add an epoch: one appended line, or the whole file anew when a column appears or an epoch could not be added.

        Args:
            epoch: One-based.
            seconds: Wall time of the epoch, validation included.
            rows_per_second: Training rows per second of the epoch's training part.
            logs: Keras's epoch logs.
            phase: One-based; None where there are none.

        Raises:
            RunError: The disk is full; the epoch is added with the next one.
        """
        place = {"epoch": epoch} if phase is None else {"epoch": epoch, "phase": phase}
        row = {**place, "seconds": round(seconds, 4), "rows_per_second": round(rows_per_second, 1), **logs}
        self._rows.append(row)
        new = [name for name in row if name not in self._columns]
        self._columns += new
        whole, self._whole = self._whole and not new, False
        with self._writing():
            if whole:
                self._add(self._text([row], header=False))
            else:
                write_file(self._path, self._text(self._rows, header=True), sync=Sync.SOON)

    def restore(self, content: bytes) -> list[dict[str, float]]:
        """Begin with the epochs of a file that was committed, and write them.

        Args:
            content: What `content` said.

        Returns:
            The epochs, as `read_history` gives them.

        Raises:
            RunError: It is damaged, or the file cannot be written.
        """
        self._columns, self._rows = _parsed(content, self._path)
        with self._writing():
            write_file(self._path, content)
        return self._rows

    def content(self) -> bytes:
        """All of it, as it is written."""
        return self._text(self._rows, header=True).encode()

    def flush(self) -> None:
        """Write what could not be written while training went on.

        Raises:
            RunError: It still cannot.
        """
        if not self._whole:
            with self._writing():
                write_file(self._path, self._text(self._rows, header=True))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"cannot write {self._path}: {error.strerror or error}"
            raise RunError(Problem(message, hint="make room", rule="not-writable")) from error
        self._whole = True

    def _add(self, line: str) -> None:
        """Append a line; all of it or nothing, for half a line would be read as other numbers."""
        with self._path.open("ab", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            content = line.encode()
            try:
                if file.write(content) != len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                file.truncate(size)
                raise

    def _text(self, rows: list[dict[str, float]], *, header: bool) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, lineterminator="\n", restval="")
        if header:
            writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


def read_history(path: Path) -> list[dict[str, float]]:
    """The epochs of a `history.csv`, in order; empty cells are left out.

    Raises:
        RunError: It is missing, damaged, or not the run's own.

    Example:
        >>> read_history(Path("runs/iris-001/history.csv"))[-1]["val_accuracy"]  # doctest: +SKIP
        0.9667
    """
    try:
        content = read_inside(path, most=MOST_BYTES)
    except OSError as error:
        raise RunError(Problem(f"cannot read {path}: {error.strerror or error}", rule="run-incomplete")) from error
    return _parsed(content, path)[1]


def _short(cell: str) -> str:
    """A cell that may be a number as a history writes it. Raises ValueError."""
    if len(cell) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(cell):,} characters")
    return cell


def _parsed(content: bytes, path: Path) -> tuple[list[str], list[dict[str, float]]]:
    """The columns and the rows of a history; epochs are whole numbers. Raises RunError."""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), restval="")
        rows = [
            {name: (int if name in COUNTED else float)(_short(cell)) for name, cell in row.items() if cell}
            for row in reader
        ]
        return list(reader.fieldnames or ()), rows
    except (ValueError, TypeError, csv.Error) as error:  # TypeError: more cells than the header names
        message = f"{path} is damaged: {error}"
        raise RunError(Problem(message, hint="restore the file, or train again", rule="run-damaged")) from error
