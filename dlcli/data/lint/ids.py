"""Columns that say which row it is, and nothing of what it is about."""

from __future__ import annotations

import re

import numpy as np

from dlcli.data.lint.cells import Cells
from dlcli.data.values.conversion import kind_of

__all__ = ["counts_rows", "is_id_name", "is_numbered"]

_THINGS = (
    r"account|album|animal|article|artist|author|batch|book|building|car|case|client|cust|customer|device|driver|emp|"
    r"employee|event|family|file|firm|game|group|hadm|hh|household|image|item|listing|loan|machine|match|member|movie|"
    r"order|patient|person|player|policy|post|product|record|row|sample|seller|session|shop|song|speaker|station|stay|"
    r"store|student|subject|team|ticket|trip|tweet|user|vehicle|visit|worker"
)
"""What has ids that are written in one word: `userid`, but `paid`, `valid` and `grid` are other words."""

_ID = re.compile(
    r"(?i:(^|[_\W])(id|ids|uuid|guid|key|index|idx|nr|no|number|row|rownames|unnamed: 0)$)"
    rf"|(?i:(^|[_\W])({_THINGS})ids?$)|[a-z]I[Dd]s?$|(?i:^id(?=[_\W\d]))|^(I[Dd](?=[A-Z][a-z])|id(?=[A-Z]))"
)

_OF_TIME = re.compile(r"(?i)year|time|day|week|month|step|hour|^t$")

_FEWEST = 10
"""Rows from which on a column whose values are all different may be an id."""


def is_id_name(name: str) -> bool:
    """Whether a column is called as ids are.

    Example:
        >>> [is_id_name(name) for name in ("customer_id", "PassengerId", "userid", "key", "idea", "amount_paid")]
        [True, True, True, True, False, False]
    """
    return bool(_ID.search(name.strip()))


def is_numbered(name: str, cells: Cells) -> bool:
    """Whether a column is called as ids are, and has a text or whole number of its own in every row."""
    if not is_id_name(name) or not _is_different(cells):
        return False
    found = cells.numbers
    if found is None:
        return kind_of(cells.column.type) == "text"
    return bool(np.array_equal(found, np.floor(found)))


def counts_rows(name: str, cells: Cells, *, every: int = 1) -> bool:
    """Whether a column counts the rows, up or down, and no time.

    Args:
        name: Its name.
        cells: Its values.
        every: How many rows lie between those that were looked at.
    """
    found = cells.numbers
    if found is None or not _is_different(cells) or _OF_TIME.search(name):
        return False
    if not np.array_equal(found, np.floor(found)):
        return False
    steps = np.diff(found)
    return bool(np.all(steps == every) or np.all(steps == -every))


def _is_different(cells: Cells) -> bool:
    """Whether all rows have values, each its own."""
    rows = len(cells.column)
    return rows >= _FEWEST and not cells.missing and len(cells.different) == rows
