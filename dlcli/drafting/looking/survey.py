"""One pass over all rows for the few columns that the first rows cannot settle: the target's classes, what orders or
groups the rows, and columns that would be left out."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow.compute as pc

from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.chunk import Chunk, Kind
from dlcli.data.columns.codec import Column
from dlcli.data.columns.names import value_names
from dlcli.data.types.profile import ISO
from dlcli.data.values.conversion import NotNumbers, kind_of
from dlcli.data.values.lists import is_list
from dlcli.drafting.looking.first_rows import Glance

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
        present: Cells with a value.
        moments: All of these are moments, or written as such in ISO 8601.
    """

    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    more: bool = False
    missing: int = 0
    present: int = 0
    moments: bool = True

    def add(self, column: Column) -> None:
        """Take in a chunk."""
        if is_list(column) or (isinstance(column, np.ndarray) and column.size != len(column)):
            self.more = True
            return
        values = as_arrow(column)
        empty = int(pc.sum(values.is_null(nan_is_null=True)).as_py() or 0)
        self.missing += empty
        self.present += len(values) - empty
        kind = kind_of(values.type)
        if self.moments and kind == "text":
            self.moments = (pc.sum(pc.match_substring_regex(values, ISO)).as_py() or 0) == len(values) - empty
        elif kind != "datetime":
            self.moments = False
        if self.more:
            return
        counted = values.value_counts()
        names = value_names(counted.field(0)).to_pylist()
        for name, count in zip(names, counted.field(1).to_pylist(), strict=True):
            if name is not None:
                self.counts[name] += count
        self.more = len(self.counts) > MOST_VALUES


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
    kinds: dict[str, Kind] = {
        name: (info.kind or "text") if info.dtype and name not in texts else "text" for name, info in infos.items()
    }
    return kinds | {name: "number" for name in names if seen.options.forms.of(name) is not None}
