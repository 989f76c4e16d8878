"""Texts that stand for an empty cell, among numbers and in the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlcli.data.columns.arrays import numbers_array, plain_numbers
from dlcli.data.values.notations import NUMBER
from dlcli.data.values.written import find_form
from dlcli.drafting.looking.first_rows import Glance

__all__ = ["find_marks"]

_EMPTY = (
    *("?", "-", "--", ".", "*", "missing", "unknown", "none", "nil", "n.a.", "n.d.", "#n/a", "#value!", "#div/0!"),
    *("inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"),
)
"""What is written among numbers for a cell without a value, in small letters; and what no network can take."""

_LONGEST = max(map(len, _EMPTY))

_SIGNS, _LINES = ("?", "n.a.", "n.d.", "#n/a", "#value!", "#div/0!"), ("-", "--", ".")
"""What no class is called, and what none is among numbers."""


def find_marks(found: Glance, targets: Collection[str]) -> tuple[str, ...]:
    """Texts that stand for an empty cell: in columns that are numbers but for them, and signs for it in the target."""
    marks: Counter[str] = Counter()
    for name, cells in found.columns.items():
        if cells.is_array or not pa.types.is_string(cells.column.type):
            continue
        values = cells.different
        others = _no_numbers(values)
        if name in targets:
            marks.update(_signs(values.to_pylist(), [each.strip() for each in others.to_pylist()]))
        elif empty := _empty(others):
            left = [each for each in values.to_pylist() if each.strip() not in empty]
            numbers = len(empty) == len(others) or ((form := find_form(left)) is not None and form.form is not None)
            if left and numbers:
                marks.update(empty)
    return tuple(sorted(marks))


def _empty(texts: pa.Array) -> list[str]:
    """What is written for a cell without a value among numbers: none of it is long."""
    trimmed = pc.utf8_trim_whitespace(texts)
    lengths = plain_numbers(pc.utf8_length(trimmed), null=0)
    short = trimmed.take(numbers_array(np.flatnonzero(lengths <= _LONGEST)))
    return [each for each in short.to_pylist() if each.casefold() in _EMPTY]


def _no_numbers(values: pa.Array) -> pa.Array:
    return values.filter(pc.invert(pc.match_substring_regex(values, NUMBER)))


def _signs(values: Sequence[str], others: Sequence[str]) -> list[str]:
    """Among classes what is none; `-` may be one beside `+`, and a word always may."""
    known = _SIGNS + _LINES if len(others) < len(values) else _SIGNS
    found = [each for each in others if each.casefold() in known]
    left = [each for each in values if each.strip() not in found]
    return found if len(left) > 1 and all(any(map(str.isalnum, each)) for each in left) else []
