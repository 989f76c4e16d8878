"""Several files of the same columns, as one source."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.peek import same_columns
from dlcli.data.sources.source import Source
from dlcli.errors import DataError, Problem

__all__ = ["Files"]

EMPTY = "null"
"""The type of a column that has no value in a file."""

LOOKED_AT = 20
"""Files in which doubts are looked for."""


@dataclasses.dataclass(frozen=True)
class Files(Source):
    """Several files of the same columns, one after the other."""

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

    def doubts(self) -> tuple[Problem, ...]:
        """Those of the first files."""
        return tuple(doubt for source in self.sources[:LOOKED_AT] for doubt in source.doubts())

    def about_rows(self) -> int | None:
        """The sum; None when a file does not say."""
        total = 0
        for source in self.sources:
            rows = source.about_rows()
            if rows is None:
                return None
            total += rows
        return total


_Looks = list[tuple[Source, tuple[ColumnInfo, ...]]]


def _with_lacking_keys(looks: _Looks) -> _Looks:
    """A key that no row of a file of JSON lines has is a column without a value, as it is for a single row."""
    every = dict.fromkeys(info.name for _, look in looks for info in look)

    def complete(look: tuple[ColumnInfo, ...]) -> tuple[ColumnInfo, ...]:
        names = {info.name for info in look}
        return look + tuple(ColumnInfo(name, "text", dtype=EMPTY) for name in every if name not in names)

    return [(source, complete(look) if source.keyed else look) for source, look in looks]
