"""The rows of a source in the order of a column, for a split that takes the last of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema import DataConfig
from dlcli.data.columns.cells import as_arrow, numbers
from dlcli.data.columns.instants import instants
from dlcli.data.table.rows import Rows
from dlcli.data.values.conversion import is_number_text, kind_of
from dlcli.errors import DataError, Problem

__all__ = ["format_of", "row_order"]


def row_order(
    rows: Rows, column: str, *, format: str | None, path: str, hint: str
) -> NDArray[np.float64] | NDArray[np.int64]:
    """A number for every row of a source, by which they are ordered: the column's own, or its instants.

    Args:
        rows: The rows.
        column: The column.
        format: Of `strptime`, for times in it; ISO 8601 when None.
        path: Where the config names the column.
        hint: The way out of cells that cannot be read.

    Raises:
        DataError: Cells that are empty, or neither numbers nor times.
    """
    if format is None and _are_numbers(rows, column):
        parts = [numbers(chunk.columns[column]).values.reshape(-1) for chunk in rows.chunks(columns=[column])]
        values = np.concatenate(parts)
        _refuse(rows, column, np.isnan(values), "empty cells", path, "every row needs its place: fill them in")
        return values
    read = [instants(chunk.columns[column], format=format) for chunk in rows.chunks(columns=[column])]
    missing = np.concatenate([each.missing for each in read])
    _refuse(rows, column, missing, "empty cells", path, "every row needs its place: fill them in")
    wrong = np.concatenate([each.unreadable for each in read])
    what = "cells that are neither numbers nor times" if format is None else f"cells that are no '{format}'"
    _refuse(rows, column, wrong, what, path, hint)
    return np.concatenate([each.microseconds for each in read])


def format_of(config: DataConfig, features: Mapping[str, tuple[str, ...]], column: str) -> str | None:
    """The form of the dates that a feature of the same column says.

    Args:
        config: The `data` section.
        features: The columns of every feature.
        column: The column.
    """
    for name, feature in (config.features or {}).items():
        if feature is not None and feature.date_format and features.get(name) == (column,):
            return feature.date_format
    return None


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


def _refuse(rows: Rows, column: str, faults: NDArray[np.bool_], what: str, path: str, hint: str) -> None:
    places = np.flatnonzero(faults)
    if len(places):
        first = int(places[0])
        raise DataError(
            Problem(
                f"column {column!r}, which orders the rows, holds {what} ({len(places)}), "
                f"the first in {rows.place(first)}",
                path=path,
                hint=hint,
                rule="unordered-column",
            )
        )
