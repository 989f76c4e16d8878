"""What an unquoted word of YAML means: the core schema of YAML 1.2.

PyYAML follows YAML 1.1, where `1e-3` is a text, `no` is false, `012` is ten and `1:30` is ninety.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["FRACTION", "Scalar", "WrittenInteger", "from_fraction", "resolve"]

Scalar = str | int | float | bool | None

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NANS = frozenset((".nan", ".NaN", ".NAN"))
_MAX_DIGITS = 1000


FRACTION = r"[-+]?[0-9]+(\.[0-9]*)? ?/ ?[0-9]+(\.[0-9]*)?"
"""A number as people write a scale: `1/255`, `1./255`."""

_ZEROS = re.compile(r"[-+]?0[0-9]+")


class WrittenInteger(int):
    """A whole number that is written in another way than its digits: `01`, `0x1F`. Where a name is wanted, such as that
    of a category, the writing is what counts.

    Args:
        value: The number.
        written: As it was written.
    """

    written: str

    def __new__(cls, value: int, written: str) -> WrittenInteger:
        number = super().__new__(cls, value)
        number.written = written
        return number

    def __reduce__(self) -> tuple[type[WrittenInteger], tuple[int, str]]:
        """How it is copied."""
        return WrittenInteger, (int(self), self.written)


def resolve(word: str) -> Scalar:
    """The value of an unquoted word.

    Raises:
        ValueError: A whole number of more than a thousand digits.

    Example:
        >>> resolve("1e-3"), resolve("no"), resolve("012"), resolve("0o17"), resolve("~")
        (0.001, 'no', 12, 15, None)
    """
    if word in _NULLS:
        return None
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    for pattern, base in ((_DECIMAL, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(word):
            if len(word) > _MAX_DIGITS:
                raise ValueError(f"a number of {len(word)} digits is too long")
            number = int(word, base)
            return WrittenInteger(number, word) if base != 10 or _ZEROS.fullmatch(word) else number
    if _FLOAT.fullmatch(word):
        return float(word)
    if _INFINITY.fullmatch(word):
        return float(word.replace(".", ""))
    return float("nan") if word in _NANS else word


def from_fraction(value: Any) -> Any:
    """The number that a fraction is; any other value, and one divided by zero, as it is.

    Example:
        >>> from_fraction("1/4"), from_fraction("-1/127.5") * 127.5, from_fraction("1/0"), from_fraction("a/b")
        (0.25, -1.0, '1/0', 'a/b')
    """
    if not isinstance(value, str) or len(value) > _MAX_DIGITS or not re.fullmatch(FRACTION, value):
        return value
    above, below = (float(part) for part in value.split("/"))
    return above / below if below else value
