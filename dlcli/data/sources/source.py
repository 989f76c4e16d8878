"""What every source of rows can do, and what all those of one file have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Protocol

from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.options import TableOptions
from dlcli.errors import Problem

__all__ = ["FileSource", "Source"]


class Source(Protocol):
    """Rows from somewhere, read in two stages: a cheap look, then as often as wanted the wanted columns."""

    keyed: ClassVar[bool] = False
    """Whether every row names its columns, and may lack some."""

    @property
    def name(self) -> str:
        """How messages call it: `iris.csv`."""

    @property
    def names_rows(self) -> tuple[str, ...]:
        """The column by which rows are known whose order tells nothing: the path of each file."""
        return ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that it reads; none for a table in memory."""

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """Names and kinds, from the schema or the first block.

        Args:
            whole: Look at all rows where the first do not tell all columns: those of JSON lines.

        Raises:
            DataError: The file is damaged, empty, in another encoding, or its header cannot be used.
        """

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """The rows in their order, in bounded memory.

        Args:
            kinds: The wanted columns, which must exist, and the kind that each is to be read as.

        Raises:
            DataError: Cells are not of the kind that is wanted, or the file cannot be read to its end.
            NotNumbers: Columns that were read as `unsure` are none of numbers.
        """

    def doubts(self) -> tuple[Problem, ...]:
        """What looks as if it were meant otherwise than it is read."""
        return ()

    def about_rows(self) -> int | None:
        """How many rows there are, as far as a glance tells; None when it does not."""
        return None


@dataclasses.dataclass(frozen=True)
class FileSource(Source):
    """The rows of one file.

    Args:
        path: The file.
        options: How it is to be read.
    """

    path: Path
    options: TableOptions

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)
