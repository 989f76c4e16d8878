"""What the rules about rows are given: a table, perhaps its division, and columns of some of its rows as values."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Collection, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from dlcli.config.lint.output import Finding
from dlcli.config.options.feature import Feature
from dlcli.config.signature import SplitName
from dlcli.data.columns.cells import numbers
from dlcli.data.columns.chunk import ColumnInfo
from dlcli.data.columns.codec import Column
from dlcli.data.lint.cells import Cells
from dlcli.data.splits.division import Division
from dlcli.data.table.table import Table
from dlcli.data.values.conversion import NotNumbers
from dlcli.data.values.lists import is_list
from dlcli.errors import DataError

__all__ = ["DividedSight", "Finding", "Sight"]

MOST_CELLS = 1_500_000
"""Cells that are looked at: a table of fifty columns shows 30,000 of its rows, evenly over all."""

FEWEST_ROWS, MOST_ROWS = 500, 100_000

FIRST_ROWS = 20_000
"""Rows in which a column that is no feature is looked at."""

TELLING = 0.5
"""The part of the rows that have a value of their own in some column, where rows that are alike by chance are hardly to
be met."""


@dataclasses.dataclass(frozen=True)
class Sight:
    """The rows, as rules look at them.

    Args:
        table: What was read, its config filled in.
    """

    table: Table

    @property
    def is_series(self) -> bool:
        """Whether rows are steps, and samples windows of them."""
        return self.table.config.windows is not None

    @property
    def fractions(self) -> tuple[str, ...]:
        """The splits that are drawn from the rows of `train`."""
        config = self.table.config
        return tuple(name for name in ("validation", "test") if isinstance(getattr(config, name), float))

    @functools.cached_property
    def single(self) -> dict[str, str]:
        """The features of one column with one value a row, and their columns."""
        infos = self.table.infos
        return {
            name: columns[0]
            for name, columns in self.table.roles.features.items()
            if len(columns) == 1
            and not infos[columns[0]].shape
            and (self.table.config.features or {}).get(name) is not None
        }

    @functools.cached_property
    def features(self) -> dict[str, Cells]:
        """The features of one column, by name; those that name files or hold lists are not among them."""
        found = {}
        for name, column in self.single.items():
            if not self.feature(name).opens_files and (cells := self._columns.get(column)) and not cells.is_array:
                found[name] = cells
        return found

    @functools.cached_property
    def targets(self) -> dict[str, Cells]:
        """The targets of one column, by name."""
        roles, known = self.table.roles.targets, self._columns
        single = {name: columns[0] for name, columns in roles.items() if len(columns) == 1}
        return {
            name: known[column] for name, column in single.items() if column in known and not known[column].is_array
        }

    def feature(self, name: str) -> Feature:
        """The options of a feature, filled in."""
        found = (self.table.config.features or {})[name]
        assert found is not None
        return found

    @functools.cached_property
    def rows(self) -> NDArray[np.int64]:
        """The numbers of the rows of `train` that are looked at, of whichever split: evenly over all."""
        source = self.table.rows["train"]
        used = np.delete(np.arange(source.num_rows), self.left_out)
        most = min(max(MOST_CELLS // max(len(self._wanted), 1), FEWEST_ROWS), MOST_ROWS)
        return used[:: max(math.ceil(len(used) / most), 1)]

    @property
    def left_out(self) -> NDArray[np.int64]:
        """The numbers of the rows of `train` that are in no split, ascending."""
        return self.table.left_out.get("train", np.empty(0, np.int64))

    @property
    def every(self) -> int:
        """How many rows lie between those that are looked at."""
        return int(self.rows[1] - self.rows[0]) if len(self.rows) > 1 else 1

    def whole(self, column: str) -> Iterator[Column]:
        """A column of all rows of `train`, chunk by chunk."""
        return iter(self.table.rows["train"].column(column))

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The least and the most of the features of numbers that come to the model as they are."""
        found = {}
        for name, columns in self.table.roles.features.items():
            if (self.table.config.features or {}).get(name) is None or not self.feature(name).is_unscaled:
                continue
            some = self.rows[:: max(len(self.rows) // FEWEST_ROWS, 1)] if self.table.infos[columns[0]].shape else None
            lows, highs = [], []
            for chunk in self.table.rows["train"].chunks(self.rows if some is None else some, columns):
                for values in chunk.columns.values():
                    seen = np.empty(0) if is_list(values) else numbers(values).values
                    seen = seen[np.isfinite(seen)]
                    lows += [float(seen.min())] if seen.size else []
                    highs += [float(seen.max())] if seen.size else []
            if lows:
                found[name] = (min(lows), max(highs))
        return found

    def tells_rows_apart(self) -> bool:
        """Whether some column is so fine that two rows have the same value by chance alone hardly ever."""
        if any(
            len(columns) > 1 or self.table.infos[columns[0]].shape for columns in self.table.roles.features.values()
        ):
            return True
        few = TELLING * len(self.rows)
        return any(len(each.different) >= few for each in self.features.values()) or self._is_fine()

    def _is_fine(self) -> bool:
        """Whether rows that are there several times, as when rare classes are given more weight, differ from all
        others."""
        cells = list(self.features.values())
        together = np.zeros(len(self.rows), np.uint64)
        for each in cells:
            together = together * np.uint64(0x9E3779B97F4A7C15) + each.codes.astype(np.uint64)
        different = len(np.unique(together))
        return len(cells) > 1 and any(
            len(each.different) >= TELLING * different and each.numbers is not None and _has_fractions(each.numbers)
            for each in cells
        )

    def unused(self, names: Collection[str]) -> dict[str, Cells]:
        """The first rows of columns of `train` that are none of the table's roles; those that can be read."""
        return self._first_rows("train", names)

    def held_apart(self, column: str) -> Cells | None:
        """A column of the first rows of a split that has a source of its own; None where there is none to be read."""
        own: tuple[SplitName, ...] = ("test", "validation")
        split = next((name for name in own if name in self.table.rows), None)
        if split is None:
            return None
        rows = self.table.rows[split]
        if column not in rows.columns:
            return self._first_rows(split, [column]).get(column)
        chunks = rows.chunks(np.arange(min(rows.num_rows, FIRST_ROWS)), [column])
        return Cells(self.table.infos[column], tuple(chunk.columns[column] for chunk in chunks))

    def _first_rows(self, split: SplitName, names: Collection[str]) -> dict[str, Cells]:
        source = self.table.sources.get(split)
        there = set() if source is None else {info.name for info in source.columns(whole=False)}
        infos = [self.table.infos[name] for name in names if name in there and not self.table.infos[name].shape]
        if source is None or not infos:
            return {}
        found: dict[str, list[Column]] = {info.name: [] for info in infos}
        rows = 0
        try:
            for chunk in source.chunks({info.name: "text" for info in infos}):
                for name, parts in found.items():
                    parts.append(chunk.columns[name])
                rows += chunk.num_rows
                if rows >= FIRST_ROWS:
                    break
        except (DataError, NotNumbers):
            return {}  # which nobody has asked for
        return {info.name: Cells(info, tuple(found[info.name])) for info in infos}

    @functools.cached_property
    def _wanted(self) -> dict[str, ColumnInfo]:
        """The columns of one value a row that are features or targets."""
        targets = [columns[0] for columns in self.table.roles.targets.values() if len(columns) == 1]
        infos: Mapping[str, ColumnInfo] = self.table.infos
        names = dict.fromkeys([*self.single.values(), *targets])
        return {name: infos[name] for name in names if name in infos and not infos[name].shape}

    @functools.cached_property
    def _columns(self) -> dict[str, Cells]:
        chunks = list(self.table.rows["train"].chunks(self.rows, list(self._wanted))) if self._wanted else []
        return {
            name: Cells(info, tuple(chunk.columns[name] for chunk in chunks)) for name, info in self._wanted.items()
        }


@dataclasses.dataclass(frozen=True)
class DividedSight(Sight):
    """The rows as they are divided.

    Args:
        table: See `Sight`.
        division: The rows of each split.
        apart: Whether a look at the table tells rows apart.
    """

    division: Division
    apart: bool


def _has_fractions(numbers: NDArray[np.float64]) -> bool:
    known = numbers[np.isfinite(numbers)]
    return bool((known != np.floor(known)).any())
