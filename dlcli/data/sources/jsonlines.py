"""JSON lines: one object a row. A key that a row lacks is an empty cell."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dlcli.data.arrays import numbers_array, texts_array, with_nulls
from dlcli.data.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.header import JSON_ROWS, json_objects
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.source import typed_chunk
from dlcli.data.sources.text import check_readable

__all__ = ["JsonLinesFile"]

BATCH_ROWS = 8_192


@dataclasses.dataclass(frozen=True)
class JsonLinesFile:
    """One file of JSON lines.

    Read with Python's own parser: it keeps a column that mixes numbers and text, and knows the line of a fault.
    """

    path: Path
    options: TableOptions

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def columns(self) -> tuple[ColumnInfo, ...]:
        """The keys of the first thousand rows and what they hold."""
        check_readable(self.path)
        found: dict[str, set[type]] = {}
        for _, row in itertools.islice(json_objects(self.path, self.options), JSON_ROWS):
            for name, value in row.items():
                found.setdefault(name, set()).add(type(value))
        return tuple(
            ColumnInfo(name, _kind(types - {type(None)}), dtype="int64" if types <= {int, type(None)} else "")
            for name, types in found.items()
        )

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Typed rows."""
        start = 0
        rows = json_objects(self.path, self.options)
        while batch := list(itertools.islice(rows, BATCH_ROWS)):
            lines = [line for line, _ in batch]
            yield typed_chunk(
                {name: _array([row.get(name) for _, row in batch], kind) for name, kind in kinds.items()},
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


def _array(values: Sequence[Any], kind: Kind) -> pa.Array:
    types = {type(value) for value in values} - {type(None)}
    if types & {list, dict}:
        return pa.nulls(len(values), pa.list_(pa.null()))
    if kind == "exact" and types == {int} and all(value is None or abs(value) < 2**63 for value in values):
        array = numbers_array(np.array([value or 0 for value in values], np.int64))
    elif types <= {int, float} and types:
        array = numbers_array(np.array([_float(value or 0) for value in values]))
    elif types == {bool}:
        array = numbers_array(np.array([value or False for value in values], np.uint8)).cast(pa.bool_())
    else:
        array = texts_array(["" if value is None else _text(value) for value in values])
    if type(None) in map(type, values):
        return with_nulls(array, np.array([value is not None for value in values]))
    return array


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _text(value: str | int | float) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)
