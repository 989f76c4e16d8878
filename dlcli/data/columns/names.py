"""One value, one name: what categories, classes, groups and marks of missing values are told apart by.

The same value is written in many ways: a column of whole numbers is `1` in one file and `1.0` in another that has an
empty cell, a boolean is `true` or `True`, a moment has a `T` in it or a blank. The rules, for each cell by itself, so
that neither the format of a file nor the shard that a row stands in can matter:

- blanks around a value are no part of it;
- a number is named by its digits: whole ones without a point and exact at any size, others as float64 tells them apart;
- a text that is written as a number is that number, save a code with leading zeros: `007` is `007`;
- `true` and `false`, also capitalised, are the booleans;
- a moment is named in ISO 8601: with its date alone at midnight, in UTC when it has a zone.
"""

from __future__ import annotations

import datetime
import decimal
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlcli.data.columns.arrays import FALSE, numbers_array, plain_numbers, texts_array, with_nulls

__all__ = ["BLANKS", "is_code", "is_text", "microseconds", "names_array", "text_name", "value_name", "value_names"]

BLANKS = " \t\r\n\v\f\u00a0\ufeff"
"""What may stand around a value without being part of it."""

_DIGITS = r"(0|[1-9][0-9]*)"
_WHOLE = re.compile(rf"[+-]?{_DIGITS}(\.0*)?")
_NUMBER = re.compile(rf"[+-]?({_DIGITS}\.?|{_DIGITS}?\.[0-9]+)([eE][+-]?[0-9]+)?")
_CODE = re.compile(r"[+-]?0[0-9]+(\.[0-9]*)?")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,]([0-9]+))?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?$"
_MIDNIGHT, _NO_SECONDS, _COLON, _T = texts_array(["00:00:00", "00", ":", "T"])
_FIVE = numbers_array(np.array([5], np.int32))[0]
_FIRST = -62_135_596_800
"""Seconds since 1970 of the first moment that Python knows."""
_BOOLEANS = {word: word.lower() for word in ("true", "True", "TRUE", "false", "False", "FALSE")}

_OTHERS = r"^([+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*|(?i:true|false))$"
"""Trimmed texts that may have another name than themselves, save whole numbers."""
_PLAIN = r"^(0|-?[1-9][0-9]*)$"
_FRACTION = r"^-?(0\.0{0,3}([1-9]|[1-9][0-9]{0,13}[1-9])|[1-9][0-9]{0,5}\.[0-9]{0,8}[1-9])$"
"""Fractions of so few digits that all are those of a float64, which are written as Python writes them."""

_EPOCH = datetime.datetime(1970, 1, 1)
_LONGEST = 1e21
"""Whole numbers below are written out; from here on a float64 tells so few of its digits that they say nothing."""


def text_name(text: str) -> str:
    """The name of a value that is written as a text.

    Example:
        >>> [text_name(text) for text in ("1.0", " 1 ", "007", "2.50", "1e3", "True", "2024-01-31 00:00:00", "a b")]
        ['1', '1', '007', '2.5', '1000', 'true', '2024-01-31', 'a b']
    """
    text = text.strip(BLANKS)
    if found := _WHOLE.fullmatch(text):
        return _signed(found[1], negative=text[0] == "-")
    if _NUMBER.fullmatch(text):
        value = float(text)
        return _float_name(value) if math.isfinite(value) else text
    if found := _MOMENT.fullmatch(text):
        return _moment_text_name(*found.groups()) or text
    return _BOOLEANS.get(text, text)


def value_name(value: Any) -> str | None:
    """The name of a value; None where it is missing: None and NaN.

    Example:
        >>> value_name(1.0), value_name(2**60), value_name(True), value_name(0.5), value_name(float("nan"))
        ('1', '1152921504606846976', 'true', '0.5', None)
    """
    match value:
        case None:
            return None
        case str():
            return text_name(value)
        case bool():
            return "true" if value else "false"
        case float():
            return None if value != value else _float_name(value)
        case decimal.Decimal():
            whole = value.is_finite() and value == value.to_integral_value()
            return str(int(value)) if whole else value_name(float(value))
        case bytes():
            return text_name(value.decode("utf-8", errors="replace"))
        case datetime.datetime():
            return _moment_name(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            return str(value)


def value_names(values: pa.Array) -> pa.Array:
    """The names of values, one after the other, as an arrow array of strings; null where a value is missing.

    Args:
        values: The different values of a column: names are made one by one where a whole array cannot be named at once.
    """
    kind = values.type
    if is_text(kind):
        return _text_names(values.cast(pa.string()))
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return values.cast(pa.string())
    if pa.types.is_timestamp(kind):
        return _moment_names(values)
    if pa.types.is_floating(kind) and kind.bit_width < 64:
        # The digits that tell its numbers apart: 0.1 is not 0.10000000149011612.
        values = values.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
    return names_array([value_name(value) for value in values.to_pylist()])


def is_text(kind: pa.DataType) -> bool:
    """Whether an arrow type is one of text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def names_array(names: Sequence[str | None]) -> pa.Array:
    """Names, or None where a value is missing, as an arrow array."""
    array = texts_array(["" if name is None else name for name in names])
    return with_nulls(array, np.array([name is not None for name in names])) if None in names else array


def is_code(text: str) -> bool:
    """Whether a text would be a number but for its leading zeros: `007`, `01.5`.

    Example:
        >>> is_code("007"), is_code("0"), is_code("0.7")
        (True, False, FALSE)
    """
    return _CODE.fullmatch(text.strip(BLANKS)) is not None


def _text_names(texts: pa.Array) -> pa.Array:
    """Most texts are their own names: the others are looked for all at once, and named one by one."""
    texts = pc.utf8_trim(texts, characters=BLANKS)
    others = pc.and_not(pc.match_substring_regex(texts, _OTHERS), pc.match_substring_regex(texts, _PLAIN))
    if not pc.any(others).as_py():
        return texts
    others = pc.fill_null(others, FALSE)
    found = texts.filter(others)
    named = _names_of_times(found)
    return pc.replace_with_mask(texts, others, _named_one_by_one(found) if named is None else named)


def _named_one_by_one(texts: pa.Array) -> pa.Array:
    """The names of texts without nulls; fractions that are written plainly are their own."""
    others = pc.invert(pc.match_substring_regex(texts, _FRACTION))
    if not pc.any(others).as_py():
        return texts
    return pc.replace_with_mask(
        texts, others, texts_array([text_name(each) for each in texts.filter(others).to_pylist()])
    )


def _names_of_times(texts: pa.Array) -> pa.Array | None:
    """The names of texts that are all moments without a fraction and a zone, at once; None for others."""
    if not pc.all(pc.match_substring_regex(texts, _TIME)).as_py():
        return None
    try:
        seconds = texts.cast(pa.timestamp("s")).cast(pa.int64())
    except pa.ArrowInvalid:  # the 31st of February
        return None
    if pc.min(seconds).as_py() < _FIRST:
        return None
    days, times = pc.utf8_slice_codeunits(texts, 0, 10), pc.utf8_slice_codeunits(texts, 11)
    whole = pc.binary_join_element_wise(times, _NO_SECONDS, _COLON)
    times = pc.if_else(pc.equal(pc.binary_length(times), _FIVE), whole, times)
    return pc.if_else(pc.equal(times, _MIDNIGHT), days, pc.binary_join_element_wise(days, times, _T))


def _moment_names(values: pa.Array) -> pa.Array:
    aware = values.type.tz is not None
    return names_array(
        [None if each is None else _since_epoch(each, aware) for each in microseconds(values).to_pylist()]
    )


def microseconds(stamps: pa.Array) -> pa.Array:
    """Timestamps as microseconds since 1970 (UTC), int64; what is finer is cut off, as from texts.

    Raises:
        pa.ArrowInvalid: A moment is more than 290,000 years away.
    """
    if stamps.type.unit != "ns":
        return stamps.cast(pa.timestamp("us", stamps.type.tz)).cast(pa.int64())
    # Arrow rounds towards 1970, which is up for the moments before it.
    values = np.floor_divide(plain_numbers(stamps.cast(pa.int64()), null=0), 1000)
    array = numbers_array(values)
    if not stamps.null_count:
        return array
    return with_nulls(array, plain_numbers(stamps.is_valid().cast(pa.uint8())).astype(np.bool_))


def _since_epoch(micros: int, aware: bool) -> str:
    try:
        moment = _EPOCH + datetime.timedelta(microseconds=micros)
    except OverflowError:  # of a year that Python does not know
        return str(np.datetime64(micros, "us")) + "Z" * aware
    return _moment_name(moment.replace(tzinfo=datetime.UTC) if aware else moment)


def _moment_text_name(day: str, time: str, fraction: str | None, zone: str | None) -> str | None:
    text = f"{day}T{time}" + (f".{fraction[:6]:0<6}" if fraction else "") + (zone or "")
    try:
        return _moment_name(datetime.datetime.fromisoformat(text))
    except (ValueError, OverflowError):  # the 31st of February, or a zone that leads out of the calendar
        return None


def _moment_name(moment: datetime.datetime) -> str:
    if moment.tzinfo is not None:
        return moment.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z"
    return moment.date().isoformat() if moment.time() == datetime.time() else moment.isoformat()


def _float_name(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < _LONGEST else repr(value)


def _signed(digits: str, *, negative: bool) -> str:
    return f"-{digits}" if negative and digits != "0" else digits
