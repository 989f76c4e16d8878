"""The rows of a source, read once and kept, for as many passes over them as preparing needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.data.chunk import Chunk, Column, Kind
from dlcli.data.sources.source import Source

__all__ = ["Rows"]


@dataclasses.dataclass(frozen=True)
class Rows:
    """Typed columns of a whole source, in the chunks in which they were read. Rows are numbered through, from 0.

    Args:
        batches: Consecutive chunks, in order.
        columns: The names of the columns.
        offsets: The number of each chunk's first row.
        num_rows: How many rows there are.
    """

    batches: tuple[Chunk, ...]
    columns: tuple[str, ...]
    offsets: NDArray[np.int64]
    num_rows: int

    @classmethod
    def read(cls, source: Source, kinds: Mapping[str, Kind]) -> Rows:
        """Read a source, keeping only the wanted columns.

        Raises:
            DataError: The source cannot be read, or cells are not of their column's kind.
        """
        batches = tuple(chunk for chunk in source.chunks(kinds) if chunk.num_rows)
        ends = np.cumsum([0, *(batch.num_rows for batch in batches)], dtype=np.int64)
        return cls(batches, tuple(kinds), ends[:-1], int(ends[-1]))

    def column(self, name: str) -> pa.ChunkedArray | NDArray[Any]:
        """All values of a column: a chunked arrow array, or an array `(rows, *shape)`."""
        parts: list[Any] = [batch.columns[name] for batch in self.batches]
        if parts and isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        # Files may type a column differently; what differs is told apart by its text.
        if len({part.type for part in parts}) > 1:
            parts = [part.cast(pa.string()) for part in parts]
        return pa.chunked_array(parts, None if parts else pa.string())

    def chunks(self, rows: NDArray[np.int64] | None = None, columns: Collection[str] | None = None) -> Iterator[Chunk]:
        """The rows again, chunk by chunk.

        Args:
            rows: Ascending numbers of the rows to give; all when None. Chunks of which none is wanted are passed
                over, and a chunk of which some are not says nothing of where in the file its rows stood.
            columns: The columns to give; all when None.
        """
        names = self.columns if columns is None else tuple(columns)
        for offset, batch in zip(self.offsets, self.batches, strict=True):
            picked = dataclasses.replace(batch, columns={name: batch.columns[name] for name in names})
            if rows is None:
                yield picked
                continue
            low, high = np.searchsorted(rows, [offset, offset + batch.num_rows])
            if high - low == batch.num_rows:
                yield picked
            elif high > low:
                places = rows[low:high] - offset
                yield Chunk({name: _take(values, places) for name, values in picked.columns.items()}, len(places))

    def place(self, row: int) -> str:
        """Where a row stands, for messages: `row 17 of 'iris.csv'`, counted from 1 in its file."""
        batch = int(np.searchsorted(self.offsets, row, side="right")) - 1
        chunk = self.batches[batch]
        number = chunk.start + row - int(self.offsets[batch]) + 1
        return f"row {number}" + (f" of '{chunk.file.name}'" if chunk.file is not None else "")


def _take(values: Column, places: NDArray[np.int64]) -> Column:
    return values[places] if isinstance(values, np.ndarray) else values.take(pa.array(places))
