"""Cells that cannot be encoded, as problems that name rows and values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.cells import Labels, labels
from dlcli.data.columns.codec import Column
from dlcli.errors import DataError, Problem

__all__ = ["faulty_values", "infinite_values", "missing_values", "no_values", "unreadable_column"]

_LISTED = 5


def missing_values(column: str, faults: NDArray[np.bool_], *, start: int, hint: str) -> Problem:
    """The problem that cells are empty.

    Args:
        column: The column's name.
        faults: `(rows,)`, true where a cell is missing.
        start: Row number, from 0, of the first row in its source.
        hint: The way out.
    """
    count = int(faults.sum())
    missing = "a missing value" if count == 1 else f"{count} missing values"
    return Problem(f"column {column!r} has {missing} ({_rows(faults, start)})", hint=hint, rule="missing-value")


def faulty_values(
    column: str, values: Column | Labels, faults: NDArray[np.bool_], *, start: int, what: str, hint: str, rule: str
) -> Problem:
    """The problem that cells hold what cannot be used; lists the values, how often and where each occurs.

    Args:
        column: The column's name.
        values: The column, or its cells as they were read.
        faults: `(rows,)`, true where a value cannot be used.
        start: Row number, from 0, of the first row in its source.
        what: What is wrong with the values, such as `are not numbers`.
        hint: The way out.
        rule: The fault's family.
    """
    if isinstance(values, np.ndarray) and values.size != len(values):
        listed = _rows(faults, start)
    else:
        cells = values if isinstance(values, Labels) else labels(values, as_written=True)
        places = np.flatnonzero(faults)
        codes, first, counts = np.unique(cells.codes[places], return_index=True, return_counts=True)
        order = np.argsort(first)[:_LISTED]
        parts = [
            _occurrences(cells.names[code] if code >= 0 else "", times, row)
            for code, times, row in zip(
                codes[order].tolist(),
                counts[order].tolist(),
                (places[first[order]] + start + 1).tolist(),
                strict=True,
            )
        ]
        listed = _listing(parts, len(codes))
    return Problem(f"column {column!r} has values that {what}: {listed}", hint=hint, rule=rule)


def infinite_values(column: str, values: Column, faults: NDArray[np.bool_], *, start: int) -> Problem:
    """The problem that numbers, as they are or when scaled, do not fit into float32."""
    what = "are infinite or too large for float32"
    return faulty_values(column, values, faults, start=start, what=what, hint="mend the data", rule="infinite-value")


def no_values(columns: Sequence[str], what: str = "values") -> DataError:
    """The error that the training split leaves nothing to fit on."""
    named = _listing([repr(column) for column in columns[:_LISTED]], len(columns))
    subject = f"column {named} has" if len(columns) == 1 else f"columns {named} have"
    return DataError(
        Problem(
            f"{subject} no {what} in the training split",
            hint="leave the feature out, or see whether the file is read as it should be",
            rule="no-values",
        )
    )


def unreadable_column(column: str, seen: Sequence[str], *, what: str, hint: str, rule: str) -> DataError:
    """The error that no cell of the training split can be read.

    Args:
        column: The column's name.
        seen: Some of the values that it has.
        what: What none of them is, such as `a date or time`.
        hint: The way out.
        rule: The fault's family.
    """
    listed = ", ".join(repr(value) for value in seen[:_LISTED])
    return DataError(Problem(f"no value of column {column!r} is {what}: {listed}", hint=hint, rule=rule))


def _rows(faults: NDArray[np.bool_], start: int) -> str:
    places = np.flatnonzero(faults)
    listed = _listing([str(start + int(place) + 1) for place in places[:_LISTED]], len(places))
    return f"row {listed}" if len(places) == 1 else f"rows {listed}"


def _occurrences(value: str, count: int, first: int) -> str:
    text = repr(value if len(value) <= 60 else value[:57] + "...")
    return f"{text} (row {first})" if count == 1 else f"{text} ({count} times, first in row {first})"


def _listing(parts: Sequence[str], total: int) -> str:
    """The parts, and how many more there are in all."""
    return ", ".join(parts) + (f" and {total - len(parts)} more" if total > len(parts) else "")
