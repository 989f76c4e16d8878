"""JSON lines: one object a row. A key that a row lacks is an empty cell."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from dlcli.data.columns.arrays import numbers_array, texts_array, with_nulls
from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.columns.names import names_array, value_name
from dlcli.data.sources.header import JSON_ROWS, json_objects
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.source import typed_chunk
from dlcli.data.sources.text import check_readable

__all__ = ["JsonLinesFile", "json_array"]

BATCH_ROWS = 8_192


@dataclasses.dataclass(frozen=True)
class JsonLinesFile:
    """One file of JSON lines.

    Read with Python's own parser: it keeps a column that mixes numbers and text, and knows the line of a fault.
    """

    keyed: ClassVar[bool] = True

    path: Path
    options: TableOptions

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """The keys of the first thousand rows, or of all, and what they hold."""
        check_readable(self.path)
        found: dict[str, set[type]] = {}
        for _, row in itertools.islice(json_objects(self.path, self.options), None if whole else JSON_ROWS):
            for name, value in row.items():
                found.setdefault(name, set()).add(type(value))
        return tuple(
            ColumnInfo(name, _kind(types - {type(None)}), dtype=_DTYPES.get(frozenset(types - {type(None)}), ""))
            for name, types in found.items()
        )

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Typed rows."""
        start = 0
        rows = json_objects(self.path, self.options)
        while batch := list(itertools.islice(rows, BATCH_ROWS)):
            lines = [line for line, _ in batch]
            yield typed_chunk(
                {name: json_array([row.get(name) for _, row in batch]) for name in kinds},
                kinds,
                missing=self.options.missing_values,
                sightings=self.options.sightings,
                num_rows=len(batch),
                start=start,
                file=self.path,
                line_of=lambda row, lines=lines, start=start: lines[row - 1 - start],  # type: ignore[misc]
            )
            start += len(batch)


def _kind(types: set[type]) -> Kind | None:
    if types & {list, dict}:
        return None
    if types and types <= {int, float}:
        return "number"
    return "boolean" if types == {bool} else "text"


_DTYPES = {frozenset({int}): "int64", frozenset({str}): "string", frozenset({bool}): "bool"}
"""The type that JSON tells as surely as a schema would."""


def json_array(values: Sequence[Any]) -> pa.Array:
    """Scalars of JSON as an arrow array: of numbers, booleans or texts; values of several types by their names.

    Args:
        values: None, booleans, numbers and texts. Lists and objects become a column of lists, which nothing reads.

    Example:
        >>> json_array([1, None, "a", 2.0]).to_pylist()
        ['1', None, 'a', '2']
    """
    types = {type(value) for value in values} - {type(None)}
    if types & {list, dict}:
        return pa.nulls(len(values), pa.list_(pa.null()))
    if types == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        array = numbers_array(np.array([value or 0 for value in values], np.int64))
    elif types == {float} or (types == {int, float} and not any(_is_inexact(value) for value in values)):
        array = numbers_array(np.array([float(value or 0) for value in values]))
    elif types == {bool}:
        array = numbers_array(np.array([value or False for value in values], np.uint8)).cast(pa.bool_())
    elif types == {str}:
        array = texts_array(["" if value is None else value for value in values])
    else:
        return names_array([value_name(value) for value in values])
    if type(None) in map(type, values):
        return with_nulls(array, np.array([value is not None for value in values]))
    return array


def _is_inexact(value: Any) -> bool:
    """Whether a whole number would change as a float64."""
    return type(value) is int and abs(value) > 2**53
