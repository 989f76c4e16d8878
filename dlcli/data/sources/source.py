"""What every source of rows can do, and one source made of several files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Protocol

import pyarrow as pa

from dlcli.data.columns.chunk import Chunk, Column, ColumnInfo, Kind
from dlcli.data.sources.conversion import CellFault, NotNumbers, convert, plain
from dlcli.data.sources.header import same_columns
from dlcli.data.sources.marks import found_marks
from dlcli.data.sources.sightings import Sightings
from dlcli.errors import DataError, Problem

__all__ = ["Files", "Source", "typed_chunk"]


EMPTY = "null"
"""The type of a column that has no value in a file."""


class Source(Protocol):
    """Rows from somewhere, read in two stages: a cheap look, then as often as wanted the wanted columns."""

    keyed: ClassVar[bool]
    """Whether every row names its columns, and may lack some."""

    @property
    def name(self) -> str:
        """How messages call it: `iris.csv`."""

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


def typed_chunk(
    arrays: Mapping[str, pa.Array],
    kinds: Mapping[str, Kind],
    *,
    missing: Iterable[str],
    num_rows: int,
    start: int,
    file: Path | None,
    line_of: Callable[[int], int | None] = lambda row: None,
    sightings: Sightings | None = None,
) -> Chunk:
    """Convert the columns of consecutive rows, reporting the faults of all columns together.

    Args:
        arrays: The columns as they were read.
        kinds: What each is to become.
        missing: Texts that count as empty.
        num_rows: How many rows.
        start: Number of the first row in its file, from 0.
        file: The file, for messages.
        line_of: From a 1-based data row to its line in the file, where there are lines; asked only for faults.
        sightings: Told which of the marks for empty cells there are.

    Raises:
        DataError: Cells are not of the kind that is wanted.
        NotNumbers: Columns that were read as `unsure` are none of numbers.
    """
    words = tuple(missing)
    columns: dict[str, Column] = {}
    problems: list[Problem] = []
    others: list[str] = []
    marks: dict[str, Mapping[str, int]] = {}
    for name, values in arrays.items():
        if sightings is not None:
            sightings.see_cells(values)
        try:
            columns[name] = cells = convert(values, kinds[name], missing=words)
            if kinds[name] not in ("number", "unsure", "exact") and cells.null_count > values.null_count:
                marks[name] = found_marks(plain(values), cells)
                if sightings is not None:
                    sightings.see_names(marks[name])
        except CellFault as fault:
            row = start + fault.index + 1
            problems.append(fault.problem(name, row=row).at(file, line_of(row)))
        except NotNumbers:
            others.append(name)
    if problems:
        raise DataError(problems)
    if others:
        raise NotNumbers(*others)
    return Chunk(columns, num_rows, start, file, marks)


@dataclasses.dataclass(frozen=True)
class Files:
    """Several files of the same columns, one after the other."""

    keyed: ClassVar[bool] = False

    sources: tuple[Source, ...]

    @property
    def name(self) -> str:
        first = self.sources[0].name
        return first if len(self.sources) == 1 else f"{first} and {len(self.sources) - 1} more"

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for source in self.sources for path in source.paths)

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """The first file's columns; a column is a number only if it is one in every file."""
        problems: list[Problem] = []
        looks: list[tuple[Source, tuple[ColumnInfo, ...]]] = []
        for source in self.sources:
            try:
                looks.append((source, source.columns(whole=whole)))
            except DataError as error:
                problems.extend(error.problems)
        looks = _with_lacking_keys(looks)
        problems += same_columns([(source.paths[0], tuple(info.name for info in look)) for source, look in looks])
        if problems:
            raise DataError(problems)
        merged = {info.name: info for info in looks[0][1]}
        for source, look in looks[1:]:
            for info in look:
                merged[info.name] = self._merge(merged[info.name], info, source)
        return tuple(merged[info.name] for info in looks[0][1])

    def _merge(self, first: ColumnInfo, other: ColumnInfo, source: Source) -> ColumnInfo:
        if first.shape != other.shape:
            raise DataError(
                Problem(
                    f"array '{other.name}' has shape {other.shape} in a row of '{source.name}', "
                    f"and {first.shape} in '{self.sources[0].name}'",
                    hint="arrays that are read together must have the same shape in a row",
                    file=source.paths[0],
                    rule="different-columns",
                )
            )
        if EMPTY in (first.dtype, other.dtype):  # a file without a value in it says nothing
            return other if first.dtype == EMPTY else first
        kind = first.kind if first.kind == other.kind else "text"
        dtype = first.dtype if first.dtype == other.dtype else ""
        return dataclasses.replace(first, kind=kind, dtype=dtype)

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """The rows of one file after the other, numbered in each from the start."""
        for source in self.sources:
            yield from source.chunks(kinds)


_Looks = list[tuple[Source, tuple[ColumnInfo, ...]]]


def _with_lacking_keys(looks: _Looks) -> _Looks:
    """A key that no row of a file of JSON lines has is a column without a value, as it is for a single row."""
    every = dict.fromkeys(info.name for _, look in looks for info in look)

    def complete(look: tuple[ColumnInfo, ...]) -> tuple[ColumnInfo, ...]:
        names = {info.name for info in look}
        return look + tuple(ColumnInfo(name, "text", dtype=EMPTY) for name in every if name not in names)

    return [(source, complete(look) if source.keyed else look) for source, look in looks]
