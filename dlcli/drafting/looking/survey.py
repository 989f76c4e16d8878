"""One pass over all rows for the few columns that the first rows cannot settle: the target's classes, what orders or
groups the rows, and columns that would be left out."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.chunk import Chunk, Kind
from dlcli.data.columns.codec import Column
from dlcli.data.columns.names import value_names
from dlcli.data.types.profile import ISO
from dlcli.data.values.conversion import NotNumbers, kind_of
from dlcli.data.values.lists import is_list
from dlcli.drafting.looking.first_rows import Glance

__all__ = ["MOST_VALUES", "Survey", "Tally", "survey"]

MOST_VALUES = 2_000
"""Different values that are counted; of a column with more it is only known that it has more."""


_PLAIN_LENGTHS = (len("2024-01-31"), len("2024-01-31 23:59:59"))
"""Of no other texts of such a length Arrow makes moments."""


@dataclasses.dataclass
class Tally:
    """What all cells of a column tell.

    Args:
        most: Different values that are counted.
        counts: How often each value is there, as far as they are counted.
        more: There are more than are counted.
        missing: Cells without a value.
        present: Cells with a value.
        moments: All of these are moments, or written as such in ISO 8601.
    """

    most: int = MOST_VALUES
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
        empty = _count_empty(values)
        self.missing += empty
        self.present += len(values) - empty
        if self.moments:
            self.moments = _are_moments(values)
        if self.more or not self.most:
            return
        counted = values.value_counts()
        names = value_names(counted.field(0)).to_pylist()
        for name, count in zip(names, counted.field(1).to_pylist(), strict=True):
            if name is not None:
                self.counts[name] += count
        self.more = len(self.counts) > self.most


def _count_empty(values: pa.Array) -> int:
    if not pa.types.is_floating(values.type):
        return int(values.null_count)
    return int(pc.sum(values.is_null(nan_is_null=True)).as_py() or 0)


def _are_moments(values: pa.Array) -> bool:
    """Whether all that there are, which may be none, are moments or written as such."""
    if kind_of(values.type) != "text":
        return kind_of(values.type) == "datetime"
    return _are_plain_moments(values) or pc.all(pc.match_substring_regex(values, ISO)).as_py() is not False


def _are_plain_moments(values: pa.Array) -> bool:
    """Whether texts are all days, or all days with a time of seconds: reading these takes a quarter of the time."""
    lengths = pc.min_max(pc.binary_length(values)).as_py()
    if lengths["min"] != lengths["max"] or lengths["min"] not in _PLAIN_LENGTHS:
        return False
    try:
        values.cast(pa.timestamp("s"))
    except pa.ArrowInvalid:  # the 31st of February, which is written as a day is
        return False
    return True


@dataclasses.dataclass(frozen=True)
class Survey:
    """All rows.

    Args:
        num_rows: How many there are.
        tallies: By the column.
    """

    num_rows: int
    tallies: Mapping[str, Tally]

    def with_more(self, other: Survey) -> Survey:
        """The same rows, and columns that were looked at later."""
        return dataclasses.replace(self, tallies={**self.tallies, **other.tallies})


def survey(seen: Glance, columns: Mapping[str, int]) -> Survey:
    """Look at some columns in all rows: in those that were looked at already, where these are all.

    Args:
        seen: The first rows.
        columns: The columns, and how many different values are counted of each: 0 of what is no category, for of a
            million times or ids counting takes longer than reading them.

    Raises:
        DataError: The source cannot be read to its end.
    """
    names = list(columns)
    tallies = {name: Tally(most) for name, most in columns.items()}
    if seen.whole:
        for name, tally in tallies.items():
            for chunk in seen.columns[name].chunks:
                tally.add(chunk)
        return Survey(seen.num_rows, tallies)
    texts: frozenset[str] = frozenset()
    while True:
        try:
            return _count(seen.source.chunks(_kinds(seen, names, texts)), tallies)
        except NotNumbers as others:
            texts |= frozenset(others.columns)
            tallies = {name: Tally(most) for name, most in columns.items()}


def _count(chunks: Iterable[Chunk], tallies: Mapping[str, Tally]) -> Survey:
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
