"""Formats of dates as people write them, and which of them read given texts."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence

__all__ = ["fitting_formats"]

_DATES = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%d/%b/%Y",
    "%d-%m-%y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%m/%Y",
    "%b %Y",
    "%B %Y",
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S %Z")
_LONGEST = 40

_FEWEST = 3
"""Digits: `1-Mar-99`."""


def fitting_formats(texts: Sequence[str]) -> tuple[str, ...]:
    """The formats of `strptime` that read all of the texts; none for what is no date.

    Example:
        >>> fitting_formats(["8/28/2024", "10/2/2024"]), fitting_formats(["8/2/2024"])
        (('%m/%d/%Y',), ('%d/%m/%Y', '%m/%d/%Y'))
    """
    cells = [text.strip() for text in texts]
    if not cells or not all(map(_may_be_date, cells[:100])):
        return ()
    forms = (date + time for date, time in itertools.product(_DATES, _TIMES))
    return tuple(form for form in forms if all(_reads(cell, form) for cell in cells))


def _may_be_date(cell: str) -> bool:
    """Whether it is worth the compiling of a hundred formats, which takes a tenth of a second.

    Each has three digits or more, and something between its parts.
    """
    parted = not cell.isalnum() and cell[-1:].isalnum()
    return parted and len(cell) <= _LONGEST and sum(map(str.isdecimal, cell)) >= _FEWEST


def _reads(text: str, form: str) -> bool:
    try:
        datetime.datetime.strptime(text, form)
    except ValueError:
        return False
    return True
