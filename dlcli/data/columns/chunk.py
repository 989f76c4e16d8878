"""Consecutive rows on their way from a source to the codecs, and what is known of a column beforehand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.arrays import numbers_array
from dlcli.data.columns.codec import Column

__all__ = ["FILE_NAME", "FILE_PATH", "Chunk", "Column", "ColumnInfo", "Kind", "take_rows"]

FILE_PATH, FILE_NAME = "file path", "file name"
"""The types of columns of a table of files: of their paths, which types that open files read, and of their names, which
are no feature unless a type is given."""

Kind = Literal["number", "unsure", "text", "boolean", "datetime", "exact"]
"""What a column holds, and how a reader is asked to deliver it.

A number comes as float64 with nulls for empty cells (arrays of an `.npz` file keep their own dtype and shape).
The others come as the file types them, which in text files is string, exactly as written: `01` stays `01`. Of `exact`
columns, which are only copied, the texts that count as empty stay as well: `NA` stays `NA`. An `unsure` column seems to
be one of numbers, by the first rows of a file without types; it comes as `number`, unless a cell proves it wrong.
"""


def take_rows(values: Column, places: NDArray[np.int64]) -> Column:
    """Some rows of a column."""
    return values[places] if isinstance(values, np.ndarray) else values.take(numbers_array(places))


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnInfo:
    """What a cheap look at a source tells about a column.

    Args:
        name: The column's name; empty for a column without one.
        kind: From the schema, or from the first block of a text file; None for nested values.
        shape: Shape of one row's value: `()` in tables.
        dtype: The type as the file declares it (`uint8`, `int64`, `timestamp[us]`); empty in text files.
    """

    name: str
    kind: Kind | None
    shape: tuple[int, ...] = ()
    dtype: str = ""

    @property
    def is_text(self) -> bool:
        """Whether the source says that its values are texts, also where they read as numbers."""
        return self.kind == "text" and self.dtype not in ("", "null")


@dataclasses.dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows, in the order of their source.

    Args:
        columns: The values by column name, each of `num_rows` rows.
        num_rows: How many rows.
        start: Number of the first row in its file, from 0.
        file: The file that the rows came from; None for a table in memory.
        marks: Of columns of texts, the marks of missing values that stood for empty cells, and how often.
        plain: Where the file writes numbers in a way of its own: from a column's name, its cells as they are written,
            and the kind that they are to be read as, to the cells with their numbers written plainly.
        folders: Where the files lie that cells name, the first in which they are there; when empty, see `NamedFiles`.
    """

    columns: dict[str, Column]
    num_rows: int
    start: int = 0
    file: Path | None = None
    marks: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)
    plain: Callable[[str, Any, Kind], Any] | None = dataclasses.field(default=None, compare=False, repr=False)
    folders: tuple[Path, ...] = ()

    def pick(self, names: Collection[str]) -> Chunk:
        """The same rows with some of the columns."""
        columns = {name: self.columns[name] for name in names}
        return Chunk(columns, self.num_rows, self.start, self.file, folders=self.folders)

    def cut(self, start: int, size: int) -> Chunk:
        """Some of the rows, without a copy."""
        if start == 0 and size >= self.num_rows:
            return self
        stop = min(start + size, self.num_rows)
        columns = {
            name: values[start:stop] if isinstance(values, np.ndarray) else values.slice(start, stop - start)
            for name, values in self.columns.items()
        }
        return dataclasses.replace(self, columns=columns, num_rows=stop - start, start=self.start + start)

    def only(self, places: NDArray[np.int64]) -> Chunk:
        """Some of the rows, by their places; what is left says nothing of where in the file its rows stood."""
        taken = {name: take_rows(values, places) for name, values in self.columns.items()}
        return Chunk(taken, len(places), file=self.file, folders=self.folders)

    @property
    def bytes(self) -> int:
        """What the columns take in memory."""
        return sum(int(column.nbytes) for column in self.columns.values())
