"""Reading the cells of a column as instants."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.data.columns.arrays import numbers_array, plain_booleans, plain_numbers, texts_array
from dlcli.data.columns.cells import Labels, as_arrow, labels
from dlcli.data.columns.codec import Column
from dlcli.data.columns.date_formats import read_plain_dates
from dlcli.data.columns.names import is_text, microseconds

__all__ = ["Instants", "instants"]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_OFFSET = r"[T ].*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
"""A time that ends with its distance from UTC."""
_MONTH = r"^([0-9]{4}-[0-9]{2})$"
"""A month without a day: its first."""
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
"""What all begins with that Arrow reads."""
_FRACTION = r"(\.[0-9]{6})[0-9]+"
"""A fraction of a second finer than microseconds."""

_WRITTEN_AS_FLOAT = re.compile(r"[0-9]+\.0+")
"""20240131.0: as pandas writes whole numbers of a column with gaps."""


@dataclasses.dataclass(frozen=True)
class Instants:
    """The cells of a column as instants.

    Args:
        microseconds: `(rows,)` int64, microseconds since 1970-01-01 UTC; 0 for missing and unreadable cells.
        missing: `(rows,)`, true where a cell is empty.
        unreadable: `(rows,)`, true where a cell is neither empty nor an instant.
    """

    microseconds: NDArray[np.int64]
    missing: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]


def instants(column: Column, *, format: str | None = None) -> Instants:
    """Read the cells: timestamps and dates as they are, text by `format`.

    Everything is in UTC: times with an offset or a zone are converted, times without one are taken to be UTC.

    Args:
        column: Timestamps, dates, or text; or integers such as 20240131 with a `format`.
        format: A strptime format; ISO 8601 when None.
    """
    array = as_arrow(column)
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        missing = plain_booleans(array.is_null())
        stamps = array if pa.types.is_timestamp(array.type) else array.cast(pa.timestamp("s"))
        values = plain_numbers(microseconds(stamps), null=0)
        return Instants(values, missing, np.zeros(len(values), dtype=np.bool_))
    if format is None and (read := _read_plain(array)) is not None:
        return read
    return _read_texts(labels(array, as_written=True), format)


def _read_plain(array: pa.Array) -> Instants | None:
    """ISO 8601 without offsets, all of it: the common case, twenty times as fast."""
    if not is_text(array.type):
        return None
    try:
        return instants(array.cast(pa.timestamp("us")))
    except pa.ArrowInvalid:
        return None


def _read_texts(cells: Labels, format: str | None) -> Instants:
    """Each different text once."""
    read = _parse_iso(cells.names) if format is None else _parse_format(cells.names, format)
    table = np.array([*(0 if value is None else value for value in read), 0], dtype=np.int64)
    faults = np.array([*(value is None for value in read), False])
    return Instants(table[cells.codes], cells.codes < 0, faults[cells.codes])


def _parse_iso(texts: Sequence[str]) -> list[int | None]:
    cut = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts_array(texts)), _FRACTION, r"\1")
    cut = pc.replace_substring_regex(cut, _MONTH, r"\1-01")
    likely = plain_booleans(pc.match_substring_regex(cut, _DAY))
    aware = plain_booleans(pc.match_substring_regex(cut, _OFFSET))
    read: list[int | None] = [None] * len(texts)
    for kind, places in (
        (pa.timestamp("us"), np.flatnonzero(likely & ~aware)),
        (pa.timestamp("us", "UTC"), np.flatnonzero(likely & aware)),
    ):
        for place, value in zip(places.tolist(), _cast(cut.take(numbers_array(places)), kind), strict=True):
            read[place] = value
    return read


def _cast(texts: pa.Array, kind: pa.DataType) -> list[int | None]:
    """Arrow reads all at once, and stops at the first fault: then half by half, to find all of them."""
    try:
        whole: list[int | None] = texts.cast(kind).cast(pa.int64()).to_pylist()
    except pa.ArrowInvalid:
        half = len(texts) // 2
        return [*_cast(texts.slice(0, half), kind), *_cast(texts.slice(half), kind)] if half else [None]
    return whole


def _parse_format(texts: Sequence[str], format: str) -> list[int | None]:
    """By Python's strptime: Arrow's reads the 31st of February as the 2nd of March."""
    plain = read_plain_dates(texts, format)
    read: list[int | None] = [None] * len(texts) if plain is None else plain
    for place, text in enumerate(map(str.strip, texts)):
        if read[place] is not None:
            continue
        moment = _strptime(text, format)
        if moment is None and _WRITTEN_AS_FLOAT.fullmatch(text):
            moment = _strptime(text.partition(".")[0], format)
        if moment is not None:
            aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
            read[place] = (aware - _EPOCH) // datetime.timedelta(microseconds=1)
    return read


def _strptime(text: str, format: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(text, format)
    except ValueError:
        return None
