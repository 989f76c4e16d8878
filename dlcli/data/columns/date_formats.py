"""Formats of dates as people write them, and which of them read given texts."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterator, Sequence

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
    "%d%b%Y",
    "%d-%m-%y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%a, %d %b %Y",
    "%a %d %b %Y",
    "%A, %d %B %Y",
    "%A, %B %d, %Y",
    "%a, %b %d, %Y",
    "%Y%m%d",
    "%m/%Y",
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    "%b-%y",
)
_TIMES = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S.%f",
    " %I:%M %p",
    " %I:%M:%S %p",
    " %H:%M:%S %Z",
    " %H:%M:%S %z",
    ", %H:%M",
    ", %H:%M:%S",
    ", %I:%M %p",
    ", %I:%M:%S %p",
    ":%H:%M:%S",
    ":%H:%M:%S %z",
    " %H.%M",
    " %H.%M.%S",
    " %H",
    "T%H%M%S",
)
_WHOLE = ("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %Z %Y", "%a %b %d %H:%M:%S %z %Y")
"""Formats whose year stands behind the time."""

_LONGEST = 50

_PARTS = {
    "%Y": r"[12]\d{3}",
    "%y": r"\d{2}",
    "%f": r"\d{1,6}",
    "%b": r"[A-Za-z]{3,4}",
    "%B": r"[A-Za-z]{3,9}",
    "%a": r"[A-Za-z]{3}",
    "%A": r"[A-Za-z]{6,9}",
    "%p": r"[AaPp][Mm]",
    "%Z": r"[A-Za-z]{3,5}",
    "%z": r"(?:Z|[+-]\d{2}:?\d{2})",
    " ": r"\s+",
}
"""What may stand for a part of a format; for others one digit or two."""


def fitting_formats(texts: Sequence[str]) -> tuple[str, ...]:
    """The formats of `strptime` that read all of the texts; none for what is no date.

    Example:
        >>> fitting_formats(["8/28/2024", "10/2/2024"]), fitting_formats(["8/2/2024"])
        (('%m/%d/%Y',), ('%d/%m/%Y', '%m/%d/%Y'))
    """
    cells = [text.strip() for text in texts]
    if not cells or any(len(cell) > _LONGEST for cell in cells[:100]):
        return ()
    return tuple(form for form in _like(cells[0]) if all(_reads(cell, form) for cell in cells))


def _like(cell: str) -> Iterator[str]:
    """The formats of what looks like a cell: `strptime` compiles each anew, which takes a tenth of a second for all."""
    for date in _DATES:
        if found := _shape(date).match(cell):
            yield from (date + time for time in _TIMES if _shape(time).fullmatch(cell, found.end()))
    yield from (whole for whole in _WHOLE if _shape(whole).fullmatch(cell))


@functools.cache
def _shape(form: str) -> re.Pattern[str]:
    parts = re.findall(r"%.|.", form)
    return re.compile("".join(_PARTS.get(part, r"\d{1,2}" if part[0] == "%" else re.escape(part)) for part in parts))


def _reads(text: str, form: str) -> bool:
    try:
        datetime.datetime.strptime(text, form)
    except ValueError:
        return False
    return True
