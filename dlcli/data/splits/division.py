"""Which rows of which source make up each split, as the config says."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema import Fold, GroupSplit, OrderedSplit
from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.series.form import Pace
from dlcli.data.splits.folds import fold_rows
from dlcli.data.splits.partition import split_rows
from dlcli.data.table.checks import row_labels
from dlcli.data.table.order import format_of, row_order
from dlcli.data.table.rows import Rows
from dlcli.data.table.table import Table
from dlcli.data.values.lists import is_list
from dlcli.errors import DataError, Problem

__all__ = ["Division", "Part", "classes_of", "divide_rows", "groups_of", "split_or_fold"]


@dataclasses.dataclass(frozen=True)
class Part:
    """The rows of one split and the source that they are in.

    Args:
        source: The split that names the source.
        rows: Their ascending numbers.
        windows: Where samples are windows, the places of their first steps in the order of the source's series.
        begins: And the places of the first steps of their series.
        runs: And those of the first steps after the last gap before what they predict.
    """

    source: SplitName
    rows: NDArray[np.int64]
    windows: NDArray[np.int64] | None = None
    begins: NDArray[np.int64] | None = None
    runs: NDArray[np.int64] | None = None

    @property
    def num_samples(self) -> int:
        """The samples of the split."""
        return len(self.rows if self.windows is None else self.windows)


@dataclasses.dataclass(frozen=True)
class Division:
    """How a table is divided; one table may have several.

    Args:
        parts: The rows of each split, in the order of the splits.
        orders: Where samples are windows, the rows of each source in the order of their series and times.
        notes: What was found on the way: of what, and in words.
        doubts: What may not be meant so.
        pace: Where samples are windows, what the times of the training rows show.
    """

    parts: dict[SplitName, Part]
    orders: Mapping[SplitName, NDArray[np.int64]] = dataclasses.field(default_factory=dict)
    notes: tuple[tuple[str, str], ...] = ()
    doubts: tuple[Problem, ...] = ()
    pace: Pace = dataclasses.field(default_factory=Pace)

    @property
    def num_rows(self) -> int:
        """The rows of all splits together, each of which is encoded once."""
        sources = {part.source for part in self.parts.values()}
        return sum(len(rows) for source in sources for rows in self.within(source).values())

    def within(self, source: SplitName) -> dict[str, NDArray[np.int64]]:
        """The rows of the splits that are in a source; all of them under its own name where samples are windows."""
        if source in self.orders:
            return {source: np.arange(len(self.orders[source]))}
        return {name: part.rows for name, part in self.parts.items() if part.source == source}


def divide_rows(table: Table, *, seed: int, wanted: Collection[SplitName] = SPLITS) -> Division:
    """The rows of each wanted split: of the source of its own, or of its fraction of `train`.

    Args:
        table: The rows of every source, its config filled in.
        seed: Decides the fractions.
        wanted: The splits.

    Raises:
        DataError: A split would be empty, or there are too few classes or groups for it.
    """
    config = table.config
    left = {
        name: np.delete(np.arange(rows.num_rows), table.left_out.get(name, np.empty(0, np.int64)))
        for name, rows in table.rows.items()
    }
    own: dict[SplitName, Part] = {name: Part(name, numbers) for name, numbers in left.items() if name != "train"}
    if "train" not in table.rows:
        return Division(own)
    rows, kept = table.rows["train"], left["train"]
    fractions: dict[SplitName, float] = {
        name: part for name in ("validation", "test") if isinstance(part := getattr(config, name), float)
    }
    codes: NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    how: Literal["random", "stratified", "ordered", "group"]
    if isinstance(config.split, GroupSplit):
        how = "group"
        if fractions:
            codes, names = groups_of(rows, config.split.group)
    elif isinstance(config.split, OrderedSplit):
        how = "ordered"
        if fractions:
            times = _order(table, config.split.ordered)
            kept = kept[np.argsort(times[kept], kind="stable")]
            codes = np.zeros(len(times), np.int64)
            codes[kept] = np.searchsorted(times[kept], times[kept])  # of an instant its first row
    else:
        how = config.split
        if how == "stratified" and fractions:
            codes, names = classes_of(table)
    codes = None if codes is None else codes[kept]
    shares = split_or_fold(
        len(kept), config.fold, fractions=fractions, how=how, seed=seed, labels=codes, label_names=names
    )
    parts = {name: Part("train", np.sort(kept[numbers])) for name, numbers in shares.items()} | own
    return Division({name: parts[name] for name in SPLITS if name in parts and name in wanted})


def split_or_fold(
    num_rows: int,
    fold: Fold | None,
    *,
    fractions: Mapping[SplitName, float],
    how: Literal["random", "stratified", "ordered", "group"],
    seed: int,
    labels: NDArray[np.int64] | None,
    label_names: tuple[str, ...],
) -> dict[SplitName, NDArray[np.int64]]:
    """Rows divided by fractions; or by that of the test split, and what is left by folds. See `split_rows`."""
    own = {name: part for name, part in fractions.items() if fold is None or name != "validation"}
    shares = split_rows(num_rows, fractions=own, how=how, seed=seed, labels=labels, label_names=label_names)
    if fold is None:
        return shares
    rest = shares.pop("train")
    left = None if labels is None else labels[rest]
    folded = fold_rows(len(rest), fold, how=how, seed=seed, labels=left, label_names=label_names)
    return {name: rest[rows] for name, rows in folded.items()} | shares


def _order(table: Table, column: str) -> NDArray[Any]:
    """By what the rows of `train` are ordered."""
    return row_order(
        table.rows["train"],
        column,
        format=format_of(table.config, table.roles.features, column),
        path="data.split.ordered",
        hint="order by a column of numbers or ISO 8601 times, or give its feature a `format`",
    )


def classes_of(table: Table) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The class of every row of `train`: of the first target that is one."""
    found = [name for name, target in table.config.target.items() if target is not None and target.kind == "category"]
    for name in found:
        if _is_single(table, name):
            return row_labels(table.rows["train"], table.roles.targets[name][0])
    raise DataError(
        Problem(
            f"split: stratified needs a target of classes, and {', '.join(map(repr, table.config.target))} is "
            + ("a number" if not found else "several a row"),
            path="data.split",
            hint="split: random; or make the target a category",
            rule="stratified-number",
        )
    )


def _is_single(table: Table, target: str) -> bool:
    """Whether a target has one value a row."""
    columns = table.roles.targets[target]
    first = next(iter(table.rows["train"].column(columns[0])), None) if len(columns) == 1 else None
    return first is not None and (first.size == len(first) if isinstance(first, np.ndarray) else not is_list(first))


def groups_of(rows: Rows, column: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The group of every row of a source, and their names."""
    codes, names = row_labels(rows, column)
    empty = np.flatnonzero(codes < 0)
    if len(empty):
        raise DataError(
            Problem(
                f"group column {column!r} has {len(empty)} empty cells, the first in {rows.place(int(empty[0]))}",
                path="data.split.group",
                hint="every row needs its group",
                rule="missing-group",
            )
        )
    return codes, names
