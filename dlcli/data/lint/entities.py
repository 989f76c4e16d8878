"""What rows are of: persons and things that have several rows, and the time at which a row was."""

from __future__ import annotations

import re

import numpy as np

from dlcli.data.columns.instants import instants
from dlcli.data.lint.cells import Cells
from dlcli.data.lint.ids import is_id_name
from dlcli.data.values.conversion import kind_of

__all__ = ["has_entities", "is_person_name", "is_time_name", "tells_when"]

_MEASURED = "as|count|each|every|has|is|max|mean|min|n|new|num|number|of|per|total"
"""Words before a person's that make it a number or a kind of persons."""

_NAMED = r"[_\W]*(id|no|nr|num|number|key|code|name|uuid|guid|hash|index|idx|ref)s?"
"""Words after it that tell which one is meant."""

_PERSONS = (
    "patient|subject|person|participant|user|customer|client|member|student|worker|employee|speaker|writer|author|"
    "animal|household|family|session|device|machine"
)
_OF_PERSONS = re.compile(rf"(?i)^(?!(.*[_\W])?({_MEASURED})[_\W])((.*[_\W])?({_PERSONS})|group)({_NAMED}|s)?$")
"""Whose rows are alike: those of another one are what the model will meet. `customer_age` and `orders_per_customer`
tell something of a customer, and `age_group` of many: these are features as others are."""

_TIMES = re.compile(
    r"(?i)(^|[_\W])(date|datetime|time|timestamp|day|month|year|ds|week|hour|quarter|period|sold|created|at|on|t|ts|"
    r"when|datum|zeit|zeitpunkt|fecha)($|[_\W])"
)
_OF_BIRTH = re.compile(r"(?i)birth|dob|born|built|hired|opened|founded|expir|due|joined|start|signup|regist")
"""Dates that tell something of what a row is about, and not when the row was."""

_COUNTS_ROWS = re.compile(r"(?i)(index|idx|row|rownames|unnamed: 0)$")
"""Names of what repeats in no column of ids, as in `heat_index`."""

_FEWEST_GROUPS = 10


def is_person_name(name: str) -> bool:
    """Whether a column is called as those are that say whose a row is.

    Example:
        >>> [is_person_name(name) for name in ("patient", "customer_id", "group", "customer_age", "age_group")]
        [True, True, True, False, False]
    """
    return bool(_OF_PERSONS.search(name.strip()))


def has_entities(name: str, cells: Cells) -> bool:
    """Whether a column looks like one of ids that repeat: several rows each, and many of them."""
    person = is_person_name(name)
    named = is_id_name(name) and not _COUNTS_ROWS.search(name.strip())
    if cells.is_array or cells.missing or not (person or named):
        return False
    if kind_of(cells.column.type) not in ("text", "number"):
        return False
    numbers = cells.numbers
    if numbers is not None and (
        name.strip().casefold().endswith("s") or not np.array_equal(numbers, np.floor(numbers))
    ):
        return False  # `households` counts them
    fewest = _FEWEST_GROUPS if person else 5 * _FEWEST_GROUPS
    return fewest <= len(cells.different) <= len(cells.column) / 1.5


def tells_when(name: str, cells: Cells, *, format: str | None) -> bool:
    """Whether a column of dates tells when a row was: by its name, or because the rows are in its order.

    Args:
        name: Its name.
        cells: Its values.
        format: How they are written; as ISO 8601 when None.
    """
    if _OF_BIRTH.search(name):
        return False
    return is_time_name(name) or _ascends(cells, format)


def is_time_name(name: str) -> bool:
    """Whether a column is called as those are that say when a row was."""
    return bool(_TIMES.search(name)) and not _OF_BIRTH.search(name)


def _ascends(cells: Cells, format: str | None) -> bool:
    if not np.all(np.diff(cells.codes) >= 0):
        return False
    read = instants(cells.different, format=format)
    return not (read.missing | read.unreadable).any() and bool(np.all(np.diff(read.microseconds) > 0))
