"""How the times of a column are written, so that others are written in the same way: `2024-01` is followed by
`2024-02`, and what was a date stays one.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import numbers_array, plain_numbers, texts_array
from dlcli.data.columns.cells import as_arrow, numbers
from dlcli.data.columns.codec import Column
from dlcli.data.columns.compact_dates import CompactDates
from dlcli.data.columns.instants import instants
from dlcli.data.columns.names import is_text
from dlcli.data.series.frequency import Times
from dlcli.data.values.conversion import is_number_text, kind_of

__all__ = ["TimeForm", "find_form", "from_the_wall", "in_words", "on_the_wall"]

_EPOCH = datetime.datetime(1970, 1, 1)
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}(?:-[0-9]{2})?)(?:([T ])([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_LENGTHS = {10: 86_400_000_000, 16: 60_000_000, 19: 1_000_000, 23: 1_000, 26: 1}
"""How many characters of an instant in ISO 8601 say it to how many microseconds; seven say its month."""


class TimeForm(Protocol):
    """How times are written."""

    @property
    def numbers(self) -> bool:
        """Whether they are plain numbers, and not of the calendar."""

    @property
    def format(self) -> str | None:
        """The format of `strptime` that reads them, where it needs one."""

    @property
    def zone(self) -> str | None:
        """The time zone in which they are shown, where it is known by its name."""

    def read(self, cells: Column) -> Times:
        """Cells that are all filled and of this form: float64, or int64 microseconds since 1970 UTC."""

    def write(self, times: Times) -> pa.Array:
        """Times as such cells."""


def find_form(column: Iterable[Column], format: str | None = None) -> TimeForm:
    """The form of a column of times or numbers.

    Args:
        column: Its chunks, of which every cell is filled.
        format: Of `strptime`, where it is known; else ISO 8601.
    """
    parts = [as_arrow(part) for part in column if len(part)]
    kind = parts[0].type if parts else pa.float64()
    if format is None and kind_of(kind) == "number":
        form = _compact(parts)
        return _Numbers(kind) if form is None else _Formatted(form, kind)
    if is_text(kind):
        if format is None and all(is_number_text(part) for part in parts):
            form = _compact([numbers_array(numbers(part).values) for part in parts])
            return _Numbers(kind) if form is None else _Formatted(form, kind)
        if format is None:
            return _Iso.of(parts)
        return _Formatted(format, kind, padded=_padded(_first(parts), format))
    return _Formatted(format, kind) if format is not None else _Typed(kind)


def on_the_wall(times: Times, form: TimeForm) -> Times:
    """Instants as a clock shows them that hangs in their time zone."""
    if form.zone is None:
        return times
    stamps = numbers_array(np.asarray(times, np.int64)).cast(pa.timestamp("us", form.zone))
    return np.asarray(plain_numbers(pc.local_timestamp(stamps).cast(pa.int64())))


def from_the_wall(times: Times, form: TimeForm) -> Times:
    """What `on_the_wall` was given: the first of an hour that comes twice, and the next where one is left out."""
    if form.zone is None:
        return times
    shown = numbers_array(np.asarray(times, np.int64)).cast(pa.timestamp("us"))
    stamps = pc.assume_timezone(shown, form.zone, ambiguous="earliest", nonexistent="latest")
    return np.asarray(plain_numbers(stamps.cast(pa.int64())))


def in_words(form: TimeForm, times: Times) -> list[str]:
    """Times for messages, as their column has them.

    Example:
        >>> in_words(find_form([pa.array([2001.0, 2002.0])]), np.array([2003.0]))
        ['2003']
    """
    cells = form.write(times).to_pylist()
    return [str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell) for cell in cells]


@dataclasses.dataclass(frozen=True, slots=True)
class _Numbers:
    """Plain numbers, of any type."""

    type: pa.DataType
    numbers: bool = True
    format: None = None
    zone: None = None

    def read(self, cells: Column) -> Times:
        return numbers(cells).values.reshape(-1)

    def write(self, times: Times) -> pa.Array:
        if is_text(self.type):
            return texts_array([f"{time:.12g}" for time in times.tolist()], self.type)
        return numbers_array(np.asarray(times, np.float64)).cast(self.type, safe=False)


@dataclasses.dataclass(frozen=True, slots=True)
class _Typed:
    """Timestamps and dates, as Parquet has them."""

    type: pa.DataType
    numbers: bool = False
    format: None = None

    @property
    def zone(self) -> str | None:
        return self.type.tz if pa.types.is_timestamp(self.type) else None

    def read(self, cells: Column) -> Times:
        return instants(cells).microseconds

    def write(self, times: Times) -> pa.Array:
        moments = numbers_array(np.asarray(times, np.int64)).cast(pa.timestamp("us"))
        if pa.types.is_timestamp(self.type) and self.type.tz is not None:
            moments = moments.cast(pa.int64()).cast(pa.timestamp("us", self.type.tz))
        return moments.cast(self.type, safe=False)


@dataclasses.dataclass(frozen=True, slots=True)
class _Formatted:
    """Texts, or numbers such as 20240131, of a format of `strptime`."""

    format: str
    type: pa.DataType
    padded: bool = True
    numbers: bool = False
    zone: None = None

    def read(self, cells: Column) -> Times:
        return instants(cells, format=self.format).microseconds

    def write(self, times: Times) -> pa.Array:
        texts = texts_array([_written(time, self.format, padded=self.padded) for time in times.tolist()])
        return texts.cast(self.type) if is_text(self.type) else texts.cast(pa.float64()).cast(self.type)


@dataclasses.dataclass(frozen=True, slots=True)
class _Iso:
    """Texts in ISO 8601: their length, what stands between date and time, and how far they are from UTC."""

    type: pa.DataType
    length: int
    between: str
    offset: str
    numbers: bool = False
    format: None = None
    zone: None = None

    @classmethod
    def of(cls, parts: list[pa.Array]) -> _Iso:
        """The finest form of the first cells; the distance from UTC of the last."""
        found = [match for text in _ends(parts) if (match := _ISO.fullmatch(text.strip()))]
        longest = max((len(match[1]) + len(match[3] or "") + bool(match[3]) for match in found), default=10)
        between = next((match[2] for match in found if match[2]), "T")
        return cls(parts[0].type, longest, between, (found[-1][4] or "") if found else "")

    def read(self, cells: Column) -> Times:
        return instants(cells).microseconds

    def write(self, times: Times) -> pa.Array:
        moments = np.asarray(times, np.int64) + _distance(self.offset)
        texts = np.datetime_as_string(moments.astype("M8[us]"), unit="us")
        length = max(self.length, _needed(moments))
        zone = self.offset if length > 10 else ""
        written = [f"{text[:10]}{self.between}{text[11:length]}" if length > 10 else text[:length] for text in texts]
        return texts_array([text.ljust(length, "0") + zone for text in written], self.type)


def _needed(moments: NDArray[np.int64]) -> int:
    """How many characters say all of the instants."""
    days = moments.astype("M8[us]").astype("M8[D]")
    if (days == days.astype("M8[M]")).all() and not (moments % _LENGTHS[10]).any():
        return 7
    return next(length for length, size in _LENGTHS.items() if not (moments % size).any())


def _distance(zone: str) -> int:
    """Microseconds from UTC."""
    if zone in ("", "Z"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    return (hours * 60 + minutes) * 60_000_000 * (-1 if zone[0] == "-" else 1)


def _ends(parts: list[pa.Array]) -> Iterator[str]:
    """Some of the first cells, and the last."""
    yield from _first(parts).to_pylist()
    yield parts[-1][len(parts[-1]) - 1].as_py()


def _first(parts: list[pa.Array]) -> pa.Array:
    """Some of the first cells."""
    return pa.concat_arrays([part.slice(0, 1000) for part in parts[:10]])


def _compact(parts: list[pa.Array]) -> str | None:
    """The format of whole numbers that are all dates."""
    dates = CompactDates()
    for part in parts:
        dates.add(part)
    form = dates.form()
    return None if form is None else form.format


def _padded(cells: pa.Array, format: str) -> bool:
    """Whether days and months below ten have two digits: they do, unless a cell shows that they do not."""
    times = instants(cells, format=format).microseconds.tolist()
    pairs = zip(map(str.strip, cells.to_pylist()), times, strict=True)
    return not any(_written(time, format, padded=False) == text != _written(time, format) for text, time in pairs)


def _written(time: int, format: str, *, padded: bool = True) -> str:
    moment = _EPOCH + datetime.timedelta(microseconds=time)
    if not padded:
        format = format.replace("%d", str(moment.day)).replace("%m", str(moment.month))
    return moment.replace(tzinfo=datetime.UTC).strftime(format)
