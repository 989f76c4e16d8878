"""Formats of dates as people write them, and which of them read given texts."""

from __future__ import annotations

import datetime
import functools
import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import plain_booleans, plain_numbers, texts_array

__all__ = ["fitting_formats", "read_plain_dates"]

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

_DIGITS = {
    "%Y": "(?P<Y>[0-9]{4})",
    "%y": "(?P<y>[0-9]{2})",
    "%m": "(?P<m>1[0-2]|0?[1-9])",
    "%d": "(?P<d>3[01]|[12][0-9]|0?[1-9])",
    "%H": "(?P<H>2[0-3]|[01]?[0-9])",
    "%M": "(?P<M>[0-5]?[0-9])",
    "%S": "(?P<S>[0-5]?[0-9])",
}
"""Parts that are digits, as `strptime` mostly reads them."""

_PIVOT = 69
"""Of the years of two digits the first that is of the last century, as for `strptime`."""

_TRIED = 100
"""Texts that tell of most formats that these are none."""


def fitting_formats(texts: Sequence[str]) -> tuple[str, ...]:
    """The formats of `strptime` that read all of the texts; none for what is no date.

    Example:
        >>> fitting_formats(["8/28/2024", "10/2/2024"]), fitting_formats(["8/2/2024"])
        (('%m/%d/%Y',), ('%d/%m/%Y', '%m/%d/%Y'))
    """
    first = [text.strip() for text in texts[:_TRIED]]
    if not first or any(len(cell) > _LONGEST for cell in first):
        return ()
    likely = [form for form in _like(first[0]) if all(_reads(cell, form) for cell in first)]
    others = [text.strip() for text in texts[_TRIED:]] if likely else []
    return tuple(form for form in likely if _reads_all(others, form))


def read_plain_dates(texts: Sequence[str], format: str) -> list[int | None] | None:
    """Dates of digits that something stands between, read a hundred times as fast as `strptime` does one by one.

    Args:
        texts: What is to be read.
        format: How it is written.

    Returns:
        Microseconds since 1970, None for texts that `strptime` has to be asked of; None for a format that is none of
        digits with something between them.

    Example:
        >>> read_plain_dates(["2.1.1970", "30.2.2024", "soon"], "%d.%m.%Y")
        [86400000000, None, None]
    """
    pattern = _digits(format)
    if pattern is None or not texts:
        return None
    found = pc.extract_regex(pc.utf8_trim_whitespace(texts_array(texts)), pattern)
    known = plain_booleans(found.is_valid())
    parts = {each.name: _integers(found.filter(found.is_valid()).field(each.name)) for each in found.type}
    years = parts["Y"] if "Y" in parts else parts["y"] + np.where(parts["y"] < _PIVOT, 2000, 1900)
    months = ((years - 1970) * 12 + parts["m"] - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (parts["d"] - 1)
    seconds = days.astype(np.int64) * 86_400
    for name, length in (("H", 3600), ("M", 60), ("S", 1)):
        seconds += parts[name] * length if name in parts else 0
    real = (days.astype("datetime64[M]") == months) & (years > 0)  # no 30th of February
    read: list[int | None] = [None] * len(texts)
    for place, value in zip(np.flatnonzero(known)[real].tolist(), (seconds[real] * 1_000_000).tolist(), strict=True):
        read[place] = value
    return read


@functools.cache
def _digits(format: str) -> str | None:
    """The pattern of a format of digits, none of them beside others; None where it has other parts, or no date."""
    parts = re.findall(r"%.|.", format, re.DOTALL)
    named = [part for part in parts if part in _DIGITS]
    years = {"%Y", "%y"} & set(named)
    if len(set(named)) < len(named) or len(years) != 1 or not {"%m", "%d"} <= set(named):
        return None
    between = [part for part in parts if part not in _DIGITS]
    beside = any(one in _DIGITS and other in _DIGITS for one, other in itertools.pairwise(parts))
    if beside or any(len(part) > 1 or not part.isascii() or part.isalnum() or part == "%" for part in between):
        return None
    return f"^{''.join(_DIGITS.get(part, re.escape(part)) for part in parts)}$"


def _integers(texts: pa.Array) -> NDArray[np.int64]:
    return plain_numbers(texts.cast(pa.int64()))


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


def _reads_all(texts: Sequence[str], form: str) -> bool:
    plain = read_plain_dates(texts, form) or [None] * len(texts)
    return all(_reads(text, form) for text, read in zip(texts, plain, strict=True) if read is None)


def _reads(text: str, form: str) -> bool:
    try:
        datetime.datetime.strptime(text, form)
    except ValueError:
        return False
    return True
