"""One pass over all rows for the few columns that the first rows cannot settle: the target's classes, what orders or
groups the rows, and columns that would be left out."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlcli.data.columns.cells import as_arrow, labels
from dlcli.data.columns.chunk import Chunk, Kind
from dlcli.data.columns.codec import Column
from dlcli.data.types.profile import ISO
from dlcli.data.values.conversion import NotNumbers, kind_of
from dlcli.data.values.lists import is_list
from dlcli.data.values.notations import NUMBER
from dlcli.drafting.glance import Glance

__all__ = ["Survey", "Tally", "survey"]

MOST_VALUES = 2_000
"""Different values that are counted; of a column with more it is only known that it has more."""


@dataclasses.dataclass
class Tally:
    """What all cells of a column tell.

    Args:
        counts: How often each value is there, as far as they are counted.
        more: There are more than are counted.
        missing: Cells without a value.
        number_cells: Cells that are numbers.
        moment_cells: Cells that are moments, or written as such in ISO 8601.
    """

    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    more: bool = False
    missing: int = 0
    number_cells: int = 0
    moment_cells: int = 0

    def add(self, column: Column) -> None:
        """Take in a chunk."""
        if is_list(column) or (isinstance(column, np.ndarray) and column.size != len(column)):
            self.more = True
            return
        values = as_arrow(column)
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), pa.nulls(len(values), values.type), values)
        self.missing += values.null_count
        self._add_kinds(values.drop_null())
        if not self.more:
            self.counts.update(labels(values).counts())
            self.more = len(self.counts) > MOST_VALUES

    def _add_kinds(self, values: pa.Array) -> None:
        match kind_of(values.type):
            case "number":
                self.number_cells += len(values)
            case "datetime":
                self.moment_cells += len(values)
            case "text":
                self.number_cells += pc.sum(pc.match_substring_regex(values, NUMBER)).as_py() or 0
                self.moment_cells += pc.sum(pc.match_substring_regex(values, ISO)).as_py() or 0

    @property
    def present(self) -> int:
        """Cells with a value."""
        return self.counts.total()


@dataclasses.dataclass(frozen=True)
class Survey:
    """All rows.

    Args:
        num_rows: How many there are.
        tallies: By the column.
    """

    num_rows: int
    tallies: Mapping[str, Tally]


def survey(seen: Glance, columns: Iterable[str]) -> Survey:
    """Count the values of some columns in all rows: those that were looked at, where these are all.

    Raises:
        DataError: The source cannot be read to its end.
    """
    names = list(dict.fromkeys(columns))
    if seen.whole:
        tallies = {name: Tally() for name in names}
        for name, tally in tallies.items():
            for chunk in seen.columns[name].chunks:
                tally.add(chunk)
        return Survey(seen.num_rows, tallies)
    texts: frozenset[str] = frozenset()
    while True:
        try:
            return _count(seen.source.chunks(_kinds(seen, names, texts)), names)
        except NotNumbers as others:
            texts |= frozenset(others.columns)


def _count(chunks: Iterable[Chunk], names: list[str]) -> Survey:
    tallies = {name: Tally() for name in names}
    rows = 0
    for chunk in chunks:
        rows += chunk.num_rows
        for name, tally in tallies.items():
            tally.add(chunk.columns[name])
    return Survey(rows, tallies)


def _kinds(seen: Glance, names: list[str], texts: frozenset[str]) -> dict[str, Kind]:
    """As texts, which all columns of a file without types are, or as the file types them."""
    infos = {name: seen.columns[name].info for name in names}
    return {name: (info.kind or "text") if info.dtype and name not in texts else "text" for name, info in infos.items()}
