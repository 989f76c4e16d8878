"""What every source of rows can do, and one source made of several files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from dlcli.data.chunk import Chunk, Column, ColumnInfo, Kind
from dlcli.data.sources.conversion import CellFault, convert
from dlcli.data.sources.header import same_columns
from dlcli.data.sources.sightings import Sightings
from dlcli.errors import DataError, Problem

__all__ = ["Files", "Source", "typed_chunk"]


class Source(Protocol):
    """Rows from somewhere, read in two stages: a cheap look, then as often as wanted the wanted columns."""

    @property
    def name(self) -> str:
        """How messages call it: `iris.csv`."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that it reads; none for a table in memory."""

    def columns(self) -> tuple[ColumnInfo, ...]:
        """Names and kinds, from the schema or the first block.

        Raises:
            DataError: The file is damaged, empty, in another encoding, or its header cannot be used.
        """

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """The rows in their order, in bounded memory.

        Args:
            kinds: The wanted columns, which must exist, and the kind that each is to be read as.

        Raises:
            DataError: Cells are not of the kind that is wanted, or the file cannot be read to its end.
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
    """
    words = tuple(missing)
    columns: dict[str, Column] = {}
    problems: list[Problem] = []
    for name, values in arrays.items():
        if sightings is not None:
            sightings.see_cells(values)
        try:
            columns[name] = convert(values, kinds[name], missing=words)
        except CellFault as fault:
            row = start + fault.index + 1
            problems.append(fault.problem(name, row=row).at(file, line_of(row)))
    if problems:
        raise DataError(problems)
    return Chunk(columns, num_rows, start, file)


@dataclasses.dataclass(frozen=True)
class Files:
    """Several files of the same columns, one after the other."""

    sources: tuple[Source, ...]

    @property
    def name(self) -> str:
        first = self.sources[0].name
        return first if len(self.sources) == 1 else f"{first} and {len(self.sources) - 1} more"

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for source in self.sources for path in source.paths)

    def columns(self) -> tuple[ColumnInfo, ...]:
        """The first file's columns; a column is a number only if it is one in every file."""
        problems: list[Problem] = []
        looks: list[tuple[Source, tuple[ColumnInfo, ...]]] = []
        for source in self.sources:
            try:
                looks.append((source, source.columns()))
            except DataError as error:
                problems.extend(error.problems)
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
        kind = first.kind if first.kind == other.kind else "text"
        dtype = first.dtype if first.dtype == other.dtype else ""
        return dataclasses.replace(first, kind=kind, dtype=dtype)

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """The rows of one file after the other, numbered in each from the start."""
        for source in self.sources:
            yield from source.chunks(kinds)
