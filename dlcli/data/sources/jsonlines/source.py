"""JSON lines: one object a row. A key that a row lacks is an empty cell."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.access import about_lines, check_readable
from dlcli.data.sources.jsonlines.objects import JSON_ROWS, json_objects
from dlcli.data.sources.source import FileSource
from dlcli.data.sources.text import find_encoding
from dlcli.data.values.scalars import scalars_array
from dlcli.data.values.typed import typed_chunk
from dlcli.errors import Problem

__all__ = ["JsonLinesFile"]

BATCH_ROWS = 8_192


@dataclasses.dataclass(frozen=True)
class JsonLinesFile(FileSource):
    """One file of JSON lines.

    Read with Python's own parser: it keeps a column that mixes numbers and text, and knows the line of a fault.
    """

    keyed: ClassVar[bool] = True

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """The keys of the first thousand rows, or of all, and what they hold."""
        check_readable(self.path)
        found: dict[str, set[type]] = {}
        inside: dict[str, set[type]] = {}
        for _, row in itertools.islice(json_objects(self.path, self.options), None if whole else JSON_ROWS):
            for name, value in row.items():
                found.setdefault(name, set()).add(type(value))
                if isinstance(value, list):
                    inside.setdefault(name, set()).update(_inside(value))
        return tuple(_info(name, types - {type(None)}, inside.get(name, set())) for name, types in found.items())

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Typed rows."""
        start = 0
        rows = json_objects(self.path, self.options)
        while batch := list(itertools.islice(rows, BATCH_ROWS)):
            lines = [line for line, _ in batch]
            yield typed_chunk(
                {name: scalars_array([row.get(name) for _, row in batch]) for name in kinds},
                kinds,
                missing=self.options.missing_values,
                forms=self.options.forms,
                sightings=self.options.sightings,
                num_rows=len(batch),
                start=start,
                file=self.path,
                folders=self.options.folders(self.path),
                line_of=lambda row, lines=lines, start=start: lines[row - 1 - start],  # type: ignore[misc]
            )
            start += len(batch)

    def doubts(self) -> tuple[Problem, ...]:
        """Whether its encoding is another."""
        doubt = find_encoding(self.path, self.options).doubt
        return () if doubt is None else (doubt,)

    def about_rows(self) -> int | None:
        """About as many as there are lines."""
        return about_lines(self.path)


def _info(name: str, types: set[type], inside: set[type]) -> ColumnInfo:
    """What a column is whose values are of some types; `inside` are those of what stands in its lists."""
    if types == {list}:
        return ColumnInfo(name, _kind(inside - {type(None)}) if inside else None, dtype="list")
    return ColumnInfo(name, _kind(types), dtype=_DTYPES.get(frozenset(types), ""))


def _inside(values: list[Any]) -> Iterator[type]:
    """The types of what stands in a list, and in lists in it."""
    for value in values:
        if isinstance(value, list):
            yield from _inside(value)
        else:
            yield type(value)


def _kind(types: set[type]) -> Kind | None:
    if types & {list, dict}:
        return None
    if types and types <= {int, float}:
        return "number"
    return "boolean" if types == {bool} else "text"


_DTYPES = {frozenset({int}): "int64", frozenset({str}): "string", frozenset({bool}): "bool"}
"""The type that JSON tells as surely as a schema would."""
