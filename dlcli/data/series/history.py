"""New rows of series, of which the last steps of each are kept: what a forecast is made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.schema import Windows
from dlcli.data.columns.chunk import Chunk, Column
from dlcli.data.columns.named_files import listing_folder
from dlcli.data.series.layout import last_complete, order_rows
from dlcli.data.table.checks import missing_values
from dlcli.data.table.rows import Rows

__all__ = ["KEPT", "PRUNED_FROM", "History", "gather"]

KEPT = "\0"
"""Before the names of columns that are copied as they are written, beside what is read of them."""
_PLACE, _FILE = "\0\0row", "\0\0file"

PRUNED_FROM = 200_000
"""Rows that are held before those are let go of that no forecast needs."""


@dataclasses.dataclass(frozen=True)
class History:
    """The rows that forecasts are made from, in one chunk.

    Args:
        rows: With the columns to read, and those to copy under a name that begins with `KEPT`.
        complete: `(rows,)` whether all targets of a row are there, as in those of the past.
        numbers: `(rows,)` the number of each row in its file, from 0.
        files: The chunks that they came in, without their columns.
        of_file: `(rows,)` in which of them each came.
    """

    rows: Rows
    complete: NDArray[np.bool_]
    numbers: NDArray[np.int64]
    files: Sequence[Chunk]
    of_file: NDArray[np.int64]

    def with_more(self, rows: Rows, before: NDArray[np.int64]) -> History:
        """With further rows at the end, each of which stands for the row before it.

        Args:
            rows: All rows.
            before: `(new,)` of each new row, the row that it comes after.
        """
        places = np.concatenate([np.arange(self.rows.num_rows), before])
        whole = _joined(list(rows.chunks()))
        (first,) = self.rows.chunks()
        whole = dataclasses.replace(whole, folders=first.folders)
        numbers, of_file = self.numbers[places], self.of_file[places]
        origin = _Origin(self.files, numbers, of_file)
        rows = Rows((whole,), rows.columns, np.zeros(1, np.int64), rows.num_rows, origin=origin)
        return History(rows, self.complete[places], numbers, self.files, of_file)

    def row(self, place: int) -> Chunk:
        """One row as it stood in its file."""
        (chunk,) = self.rows.chunks(np.array([place]))
        file = self.files[int(self.of_file[place])]
        return dataclasses.replace(chunk, start=int(self.numbers[place]), file=file.file, folders=file.folders)


def gather(
    parts: Iterable[Chunk],
    windows: Windows,
    targets: Sequence[str],
    *,
    format: str | None,
    most: int = PRUNED_FROM,
) -> History | None:
    """Take in rows, and keep the last steps of each series that a window shows, and all rows after its last target.

    Args:
        parts: The rows, chunk by chunk.
        windows: How long the windows are.
        targets: The columns of targets, as far as the rows have them.
        format: Of `strptime`, in which times are written.
        most: Rows that are held at a time, beside those that are kept.

    Returns:
        None when there are no rows.

    Raises:
        DataError: Rows without a time or the name of a series.
    """
    held: list[Chunk] = []
    files: list[Chunk] = []
    count, limit = 0, most
    for part in parts:
        if not part.num_rows:
            continue
        files.append(dataclasses.replace(part, columns={}))
        numbers = part.start + np.arange(part.num_rows)
        place = {_PLACE: numbers, _FILE: np.full(part.num_rows, len(files) - 1)}
        held.append(Chunk({**part.columns, **place}, part.num_rows))
        count += part.num_rows
        if count > limit:
            whole = _joined(held)
            held = [whole.only(_needed(whole, files, windows, targets, format))]
            count = held[0].num_rows
            limit = most + count
    if not held:
        return None
    whole = _joined(held)
    whole = whole.only(_needed(whole, files, windows, targets, format)) if count > most else whole
    rows, numbers, of_file = _as_rows(whole, files)
    return History(rows, _complete(whole, targets), numbers, tuple(files), of_file)


def _as_rows(chunk: Chunk, files: Sequence[Chunk]) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
    """Rows that know where each of them stood: the number in its file, and which file that is."""
    columns = dict(chunk.columns)
    numbers, of_file = np.asarray(columns.pop(_PLACE)), np.asarray(columns.pop(_FILE))
    first = files[0]
    folders = first.folders or (() if first.file is None else (listing_folder(first.file),))
    whole = Chunk(columns, chunk.num_rows, folders=folders)
    origin = _Origin(files, numbers, of_file)
    return (
        Rows((whole,), tuple(columns), np.zeros(1, np.int64), whole.num_rows, origin=origin),
        numbers,
        of_file,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Origin:
    """Where rows stood; see `Rows`."""

    files: Sequence[Chunk]
    numbers: NDArray[np.int64]
    of_file: NDArray[np.int64]

    def __call__(self, row: int) -> tuple[Path | None, int]:
        return self.files[int(self.of_file[row])].file, int(self.numbers[row])


def _joined(parts: Sequence[Chunk]) -> Chunk:
    """Chunks as one; what says where they came from is lost."""
    if len(parts) == 1:
        return parts[0]
    names = list(parts[0].columns)
    return Chunk({name: _one([part.columns[name] for part in parts]) for name in names}, sum(p.num_rows for p in parts))


def _one(parts: Sequence[Column]) -> Column:
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    arrays = [pa.array(part) if isinstance(part, np.ndarray) else part for part in parts]
    if len({part.type for part in arrays}) > 1:
        table = [pa.table({"": part}) for part in arrays]
        whole = pa.concat_tables(table, promote_options="permissive").column(0)
        return whole.combine_chunks()
    return pa.concat_arrays(arrays)


def _complete(chunk: Chunk, targets: Sequence[str]) -> NDArray[np.bool_]:
    complete = np.ones(chunk.num_rows, np.bool_)
    for column in targets:
        empty = missing_values(chunk.columns[column])
        if empty is not None:
            complete &= ~empty
    return complete


def _needed(
    chunk: Chunk, files: Sequence[Chunk], windows: Windows, targets: Sequence[str], format: str | None
) -> NDArray[np.int64]:
    """The rows of the last windows, and those after them, series by series so that their order stays."""
    rows, _, _ = _as_rows(chunk, files)
    found = order_rows(rows, windows, format=format)
    last = last_complete(found.series, _complete(chunk, targets)[found.order])
    # One more, so that the step before the window shows whether something is missing.
    kept = np.arange(len(found.order)) >= (last - windows.past)[found.series]
    return found.order[kept]
