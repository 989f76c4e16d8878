"""The column that tells the time of each row: read in the form in which it is written."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from dlcli.data.columns.arrays import texts_array
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.date_formats import fitting_formats
from dlcli.data.columns.instants import instants
from dlcli.data.columns.names import is_text
from dlcli.data.series.frequency import Times
from dlcli.data.series.time_form import TimeForm, find_form
from dlcli.data.table.order import row_order
from dlcli.data.table.rows import Rows
from dlcli.data.values.conversion import is_number_text
from dlcli.errors import DataError, Problem

__all__ = ["read_times"]

_PATH = "data.windows.time"
_LOOKED_AT = 1000
"""Different texts of each chunk of which the format is guessed."""


def read_times(rows: Rows, column: str, *, format: str | None) -> tuple[Times, TimeForm]:
    """The time of each row, and how times are written.

    Args:
        rows: The rows.
        column: The column of times.
        format: Of `strptime`, where the config says it; else ISO 8601, or the one format that reads all cells.

    Raises:
        DataError: Cells that are empty or neither numbers nor times, or dates that can be read in several ways.
    """
    cells = [as_arrow(each).drop_null() for each in rows.column(column)]
    form = find_form(cells, _guessed(cells, column) if format is None else format)
    hint = "write numbers or ISO 8601 times, or say how they are written: data.windows.time_format"
    return row_order(rows, column, format=form.format, path=_PATH, hint=hint), form


def _guessed(cells: Sequence[pa.Array], column: str) -> str | None:
    """The one format of texts that are neither numbers nor ISO 8601; None for others."""
    if not cells or not all(is_text(part.type) for part in cells):
        return None
    texts = list(dict.fromkeys(text for part in cells for text in part.unique().slice(0, _LOOKED_AT).to_pylist()))
    array = texts_array(texts)
    if not texts or is_number_text(array) or not instants(array).unreadable.any():
        return None
    formats = fitting_formats(texts)
    if len(formats) > 1:
        raise DataError(
            Problem(
                f"the times of column {column!r}, such as {texts[0]!r}, can be read in {len(formats)} ways",
                path=_PATH,
                hint=f"say which is meant: data.windows.time_format: {' or '.join(map(repr, formats))}",
                rule="ambiguous-time",
            )
        )
    return formats[0] if formats else None
