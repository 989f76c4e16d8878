"""Typed columns in a file, piece by piece: the rows of a table that is larger than its share of memory."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa

from dlcli.data.columns.chunk import Chunk, Column

__all__ = ["Spill", "SpilledChunk"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Piece:
    """Where a column of a chunk lies in the file."""

    offset: int
    length: int
    is_array: bool


class Spill:
    """A file that chunks are appended to, and single columns of them read from.

    Nothing is mapped: what is read is memory of its own, gone with the chunk. The file lies in a scratch directory,
    whose owner removes it.

    Args:
        path: The file; must not exist.
    """

    def __init__(self, path: Path) -> None:
        self._stream = path.open("x+b")
        self._end = 0

    def append(self, chunk: Chunk) -> SpilledChunk:
        """Write a chunk. Raises OSError when the disk is full."""
        pieces = {name: self._write(column) for name, column in chunk.columns.items()}
        return SpilledChunk(self, pieces, chunk.num_rows, chunk.start, chunk.file, chunk.folders)

    def read(self, piece: _Piece) -> Column:
        """One column of a chunk."""
        self._stream.seek(piece.offset)
        data = self._stream.read(piece.length)
        if piece.is_array:
            return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
        return pa.ipc.open_stream(pa.py_buffer(data)).read_next_batch().column(0)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _write(self, column: Column) -> _Piece:
        if isinstance(column, np.ndarray):
            stream = io.BytesIO()
            np.lib.format.write_array(stream, column, allow_pickle=False)
            data = stream.getbuffer()
        else:
            # Arrow's own stream format: the type stands with the values, and files may type a column differently.
            sink = pa.BufferOutputStream()
            batch = pa.record_batch([column], names=["values"])
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            data = memoryview(sink.getvalue())
        piece = _Piece(self._end, len(data), isinstance(column, np.ndarray))
        self._stream.seek(self._end)
        self._stream.write(data)
        self._stream.flush()
        self._end += piece.length
        return piece


@dataclasses.dataclass(frozen=True, slots=True)
class SpilledChunk:
    """A chunk whose columns are in a file.

    Args:
        spill: The file.
        pieces: Where each column is.
        num_rows: How many rows.
        start: Number of the first row in its data file, from 0.
        file: The data file.
        folders: Where the files lie that cells name.
    """

    spill: Spill
    pieces: dict[str, _Piece]
    num_rows: int
    start: int
    file: Path | None
    folders: tuple[Path, ...] = ()

    def pick(self, names: Collection[str]) -> Chunk:
        """Some columns, read."""
        columns = {name: self.spill.read(self.pieces[name]) for name in names}
        return Chunk(columns, self.num_rows, self.start, self.file, folders=self.folders)
