"""Several files of the same columns, as one source; and columns by other names than their files have."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.peek import below, missing_names, same_columns
from dlcli.data.sources.source import Source
from dlcli.errors import DataError, Problem

__all__ = ["Files", "OtherNames"]

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

    @property
    def names_rows(self) -> tuple[str, ...]:
        """That of all files, or none."""
        return self.sources[0].names_rows if len({source.names_rows for source in self.sources}) == 1 else ()

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


@dataclasses.dataclass(frozen=True)
class OtherNames(Source):
    """Some columns of a source, by other names.

    Args:
        source: Where they are.
        named: From the name of each to its name there.
        where: In the config, for messages.
    """

    source: Source
    named: Mapping[str, str]
    where: str

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def paths(self) -> tuple[Path, ...]:
        return self.source.paths

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """Those that are named, in that order."""
        infos = {info.name: info for info in self.source.columns(whole=whole)}
        if missing := missing_names(self.named, tuple(infos), path=below(self.where, "columns")):
            raise DataError(missing)
        return tuple(dataclasses.replace(infos[name], name=column) for column, name in self.named.items())

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Their rows. Faults of cells speak of the names in the file."""
        for chunk in self.source.chunks({self.named[column]: kind for column, kind in kinds.items()}):
            columns = {column: chunk.columns[self.named[column]] for column in kinds}
            marks = {column: chunk.marks[name] for column, name in self.named.items() if name in chunk.marks}
            yield dataclasses.replace(chunk, columns=columns, marks=marks, plain=self._plain(chunk))

    def _plain(self, chunk: Chunk) -> Callable[[str, Any, Kind], Any] | None:
        plain = chunk.plain
        return None if plain is None else lambda column, cells, kind: plain(self.named[column], cells, kind)

    def doubts(self) -> tuple[Problem, ...]:
        """Those of the files."""
        return self.source.doubts()

    def about_rows(self) -> int | None:
        """As many as there."""
        return self.source.about_rows()
