"""The rows of a source, read once and kept, for as many passes over them as preparing needs."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.cache.cache import Scratch
from dlcli.data.columns.chunk import Chunk, Column, Kind
from dlcli.data.columns.named_files import listing_folder
from dlcli.data.sources.source import Source
from dlcli.data.table import memory
from dlcli.data.table.spill import Spill, SpilledChunk
from dlcli.errors import DataError, Problem

__all__ = ["Overflow", "Rows"]


class Overflow:
    """Where rows go that are more than their share of memory; one for all sources of a job.

    Args:
        scratch: A directory for them; None keeps everything in memory.
        notify: Told when the directory cannot be written, and memory has to do.
    """

    def __init__(
        self, scratch: Scratch | None = None, notify: Callable[[Problem], None] = lambda problem: None
    ) -> None:
        self._scratch = scratch
        self._notify = notify
        self._spills: list[Spill] = []
        self._failure = ""
        self._held = 0

    def keep(self, chunks: list[Chunk | SpilledChunk], chunk: Chunk) -> None:
        """Add a chunk to those of a source, which go to disk with it when memory has no more room for them.

        Raises:
            DataError: The disk is full, and memory as well.
        """
        self._held += chunk.bytes
        chunks.append(chunk)
        spilling = isinstance(chunks[0], SpilledChunk)
        if self._scratch is None or (self._held <= memory.ROWS_BUDGET and not spilling):
            return
        if self._failure:
            if not memory.fits_in_memory(chunk.bytes):
                raise DataError(no_room(self._failure))
            return
        try:
            spill = self._spill(self._scratch, chunks)
            # The first time all that there is, then each as it comes.
            for place in [len(chunks) - 1] if spilling else range(len(chunks)):
                each = chunks[place]
                if isinstance(each, Chunk):
                    chunks[place] = spill.append(each)
                    self._held -= each.bytes
        except OSError as error:
            self._failure = f"{self._scratch.path.parent.parent}: {error.strerror or error}"
            self._notify(
                Problem(
                    f"the cache directory cannot be written ({self._failure}); the data is kept in memory",
                    hint="name another directory with --cache-dir",
                    rule="cache-unusable",
                )
            )

    @property
    def held(self) -> int:
        """Bytes of the rows that are in memory."""
        return self._held

    def restart(self) -> None:
        """Forget the rows: they are read once more, and what they took in memory is free."""
        self._held = 0

    def close(self) -> None:
        """Close the files; the rows in them are gone."""
        for spill in self._spills:
            spill.close()
        # What Arrow keeps for later would stay with the process as long as it trains.
        pa.default_memory_pool().release_unused()

    def _spill(self, scratch: Scratch, chunks: list[Chunk | SpilledChunk]) -> Spill:
        """The file of the source whose chunks these are."""
        first = chunks[0]
        if isinstance(first, SpilledChunk):
            return first.spill
        self._spills.append(Spill(scratch.directory() / f"rows-{len(self._spills)}"))
        return self._spills[-1]


def no_room(failure: str) -> Problem:
    """The problem that data fits neither on the disk nor into memory."""
    return Problem(
        f"the data does not fit into memory, and the cache directory cannot be written ({failure})",
        hint="make room there, or name another directory with --cache-dir",
        rule="no-space",
    )


@dataclasses.dataclass(frozen=True)
class Rows:
    """Typed columns of a whole source, in the chunks in which they were read. Rows are numbered through, from 0.

    Args:
        batches: Consecutive chunks, in order, in memory or in a file.
        columns: The names of the columns.
        offsets: The number of each chunk's first row.
        num_rows: How many rows there are.
        marks: The marks of missing values that stood for empty cells of columns of texts, and how often.
        origin: The file that a row came from and its number there, from 0, where the chunks do not tell.
    """

    batches: tuple[Chunk | SpilledChunk, ...]
    columns: tuple[str, ...]
    offsets: NDArray[np.int64]
    num_rows: int
    marks: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)
    origin: Callable[[int], tuple[Path | None, int]] | None = None

    @classmethod
    def read(cls, source: Source, kinds: Mapping[str, Kind], overflow: Overflow | None = None) -> Rows:
        """Read a source, keeping only the wanted columns.

        Args:
            source: Where they come from.
            kinds: The columns, and what each is to be read as.
            overflow: Where rows go that do not fit into memory; None keeps all of them there.

        Raises:
            DataError: The source cannot be read, or cells are not of their column's kind.
        """
        place = overflow or Overflow()
        batches: list[Chunk | SpilledChunk] = []
        marks: dict[str, Counter[str]] = {}
        for chunk in source.chunks(kinds):
            if chunk.num_rows:
                place.keep(batches, chunk)
            for name, counts in chunk.marks.items():
                marks.setdefault(name, Counter()).update(counts)
        ends = np.cumsum([0, *(batch.num_rows for batch in batches)], dtype=np.int64)
        return cls(tuple(batches), tuple(kinds), ends[:-1], int(ends[-1]), marks)

    def column(self, name: str) -> Iterable[Column]:
        """The values of a column, chunk by chunk, as often as wanted: arrow arrays, or arrays `(rows, *shape)`."""
        return _Values(self, name)

    def chunks(self, rows: NDArray[np.int64] | None = None, columns: Collection[str] | None = None) -> Iterator[Chunk]:
        """The rows again, chunk by chunk.

        Args:
            rows: Ascending numbers of the rows to give; all when None. Chunks of which none is wanted are passed
                over, and a chunk of which some are not says nothing of where in the file its rows stood.
            columns: The columns to give; all when None.
        """
        names = self.columns if columns is None else tuple(columns)
        for offset, batch in zip(self.offsets, self.batches, strict=True):
            if rows is None:
                yield batch.pick(names)
                continue
            low, high = np.searchsorted(rows, [offset, offset + batch.num_rows])
            if high - low == batch.num_rows:
                yield batch.pick(names)
            elif high > low:
                places = rows[low:high] - offset
                yield batch.pick(names).only(places)

    @property
    def folder(self) -> Path | None:
        """What names of files in the first rows are relative to; None for a table in memory."""
        first = self.batches[0] if self.batches else None
        if first is None or (first.file is None and not first.folders):
            return None
        return first.folders[0] if first.folders or first.file is None else listing_folder(first.file)

    def place(self, row: int) -> str:
        """Where a row stands, for messages: `row 17 of 'iris.csv'`, counted from 1 in its file."""
        if self.origin is not None:
            file, number = self.origin(row)
        else:
            batch = int(np.searchsorted(self.offsets, row, side="right")) - 1
            chunk = self.batches[batch]
            file, number = chunk.file, chunk.start + row - int(self.offsets[batch])
        return f"row {number + 1}" + (f" of '{file.name}'" if file is not None else "")


@dataclasses.dataclass(frozen=True, slots=True)
class _Values:
    """A column that can be gone through again."""

    rows: Rows
    name: str

    def __iter__(self) -> Iterator[Column]:
        return (chunk.columns[self.name] for chunk in self.rows.chunks(columns=[self.name]))
