"""The rows of a source in the order of a column, for a split that takes the last of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dlcli.config.signature import SplitName
from dlcli.data.columns.cells import as_arrow, numbers
from dlcli.data.columns.instants import instants
from dlcli.data.table.rows import Rows
from dlcli.data.table.table import Table
from dlcli.data.values.conversion import is_number_text, kind_of
from dlcli.errors import DataError, Problem

__all__ = ["row_order"]


def row_order(
    table: Table, column: str, *, source: SplitName = "train", path: str = "data.split.ordered"
) -> NDArray[np.float64] | NDArray[np.int64]:
    """A number for every row of a source, by which they are ordered: the column's own, or its instants.

    Args:
        table: The rows.
        column: The column.
        source: The split that names the source.
        path: Where the config names the column.

    Raises:
        DataError: Cells that are empty, or neither numbers nor times.
    """
    rows = table.rows[source]
    if _are_numbers(rows, column):
        parts = [numbers(chunk.columns[column]).values.reshape(-1) for chunk in rows.chunks(columns=[column])]
        values = np.concatenate(parts)
        _refuse(rows, column, np.isnan(values), "empty cells", path)
        return values
    format = _format(table, column)
    read = [instants(chunk.columns[column], format=format) for chunk in rows.chunks(columns=[column])]
    _refuse(rows, column, np.concatenate([each.missing for each in read]), "empty cells", path)
    wrong = np.concatenate([each.unreadable for each in read])
    _refuse(
        rows,
        column,
        wrong,
        "cells that are neither numbers nor times" if format is None else f"cells that are no '{format}'",
        path,
    )
    return np.concatenate([each.microseconds for each in read])


def _are_numbers(rows: Rows, column: str) -> bool:
    for chunk in rows.chunks(columns=[column]):
        values = as_arrow(chunk.columns[column])
        if kind_of(values.type) == "text":
            found = values.drop_null()
            if len(found) and not is_number_text(found):
                return False
        elif kind_of(values.type) != "number":
            return False
    return True


def _format(table: Table, column: str) -> str | None:
    """The form of the dates that a feature of the same column says."""
    for name, feature in (table.config.features or {}).items():
        if feature is not None and feature.date_format and table.roles.features.get(name) == (column,):
            return feature.date_format
    return None


def _refuse(rows: Rows, column: str, faults: NDArray[np.bool_], what: str, path: str) -> None:
    places = np.flatnonzero(faults)
    if len(places):
        first = int(places[0])
        raise DataError(
            Problem(
                f"column {column!r}, which orders the rows, holds {what} ({len(places)}), "
                f"the first in {rows.place(first)}",
                path=path,
                hint="order by a column of numbers or ISO 8601 times, or give its feature a `format`",
                rule="unordered-column",
            )
        )
