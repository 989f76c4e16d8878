"""Rows without a target, which are left out where the config says so: they keep their place, and go to no split."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.config.document.places import format_path
from dlcli.config.schema import Target
from dlcli.config.signature import SplitName
from dlcli.data.columns.arrays import numbers_array
from dlcli.data.columns.chunk import Chunk, Column
from dlcli.data.table.checks import missing_rows, missing_values
from dlcli.data.table.table import Table
from dlcli.errors import DataError, Problem

__all__ = ["droppable_columns", "fill_targets", "targetless", "targetless_rows"]

RowNumbers = NDArray[np.int64]


def droppable_columns(targets: Mapping[str, Target | None], columns: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The columns of targets whose empty cells leave their row out."""
    return tuple(
        column
        for name, target in targets.items()
        if target is not None and target.drops_rows
        for column in columns[name]
    )


def targetless_rows(table: Table) -> dict[SplitName, RowNumbers]:
    """The ascending numbers of the rows to leave out, of each source.

    Raises:
        DataError: No row of a source has its target.
    """
    columns = droppable_columns(table.config.target, table.roles.targets)
    found: dict[SplitName, RowNumbers] = {}
    problems = []
    for name, rows in table.rows.items():
        parts = [missing_rows(rows, column) for column in columns]
        found[name] = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
        if len(found[name]) == rows.num_rows:
            problems.append(
                Problem(
                    f"no row of '{table.sources[name].name}' has its target",
                    path=format_path(("data", "target")),
                    hint=f"the columns are {', '.join(map(repr, columns))}; are they the right ones?",
                    rule="missing-target",
                )
            )
    if problems:
        raise DataError(problems)
    return found


def targetless(chunk: Chunk, columns: Collection[str]) -> NDArray[np.bool_]:
    """Which rows of a chunk have an empty cell in one of the columns, `(rows,)`."""
    found = np.zeros(chunk.num_rows, np.bool_)
    for column in columns:
        empty = missing_values(chunk.columns[column])
        if empty is not None:
            found |= empty
    return found


def fill_targets(chunk: Chunk, columns: Collection[str]) -> Chunk | None:
    """The chunk with some value in every empty cell of the columns, so that it can be encoded, row by row as it is.

    What comes of these rows is for nobody. None when a column has no value at all.
    """
    filled = dict(chunk.columns)
    for column in columns:
        values = _filled(filled[column])
        if values is None:
            return None
        filled[column] = values
    return dataclasses.replace(chunk, columns=filled)


def _filled(values: Column) -> Column | None:
    empty = missing_values(values)
    if empty is None or not empty.any():
        return values
    if empty.all():
        return None
    places = np.where(empty, np.argmin(empty), np.arange(len(empty)))
    return values[places] if isinstance(values, np.ndarray) else pc.take(values, numbers_array(places))
