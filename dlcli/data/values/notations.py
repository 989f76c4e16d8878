"""What a number looks like: as programs write it, and in the notations of people elsewhere. Imports nothing heavy."""

from __future__ import annotations

import dataclasses
import re

__all__ = ["BLANKS", "COMMA", "NOTATIONS", "NUMBER", "Notation", "groups", "notation_of", "number_pattern"]

NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
"""A number as programs write it, for Python and for Arrow."""

BLANKS = " '_\u00a0\u202f"
"""What parts thousands and cannot be taken for the fraction's mark."""


def groups(marks: str) -> str:
    """A regular expression of a whole number with one of the marks between its thousands."""
    return rf"[1-9][0-9]{{0,2}}([{marks}][0-9]{{3}})+"


COMMA = r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?"
"""A number with a comma before its fraction."""


def number_pattern(decimal: str, thousands: str) -> str:
    """A regular expression, for Python and for Arrow, that a number matches as a whole.

    Example:
        >>> bool(re.fullmatch(number_pattern(",", "."), "1.234,5"))
        True
    """
    point = re.escape(decimal)
    whole = "[0-9]+"
    if thousands:
        mark = "[ \u00a0\u202f]" if thousands == " " else re.escape(thousands)
        whole = rf"([0-9]+|[0-9]{{1,3}}({mark}[0-9]{{3}})+)"
    return rf"^[+-]?({whole}({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?$"


_CURRENCY = "([$€£¥₹₽]|EUR|USD|GBP|CHF)"
_DIGITS = rf"[0-9.,{BLANKS}]*"
"""What follows the first digit of an amount, whatever parts its thousands."""


@dataclasses.dataclass(frozen=True, slots=True)
class Notation:
    """Numbers as they are written elsewhere.

    Args:
        form: A regular expression, for Python and for Arrow, that such a number matches as a whole.
        signs: What is between the digits or beside them.
        way_out: What to do about it.
    """

    form: str
    signs: str
    way_out: str

    @property
    def has_unit(self) -> bool:
        """Whether something stands beside the digits."""
        return self.way_out == _ALONE


def _notation(form: str, signs: str, way_out: str) -> Notation:
    return Notation(rf"^\s*{form}\s*$", signs, way_out)


_PREDICTING = "of a file to predict for"
_POINTS = f"data.thousands: '.' of a text file reads them (--thousands {_PREDICTING}), or write them as in 1234.5"
_ALONE = "write the numbers alone, or say what stands beside them: {type: number, unit: ...}"

NOTATIONS = (
    _notation(
        rf"[+-]?{groups(',')}",
        "thousands separators",
        f"data.thousands: ',' or data.decimal: ',' of a text file says which "
        f"(--thousands and --decimal {_PREDICTING}), or write them without",
    ),
    _notation(
        rf"[+-]?{groups(',')}(\.[0-9]+)?",
        "thousands separators",
        f"data.thousands: ',' of a text file reads them (--thousands {_PREDICTING}), or write them without",
    ),
    _notation(
        COMMA,
        "decimal commas",
        f"data.decimal: ',' of a text file reads them (--decimal {_PREDICTING}), or write them with points",
    ),
    _notation(rf"[+-]?{groups('.')}", "thousands separators", _POINTS),
    _notation(rf"[+-]?({groups('.')}|[0-9]+)(,[0-9]+)?", "decimal commas", _POINTS),
    _notation(
        rf"[+-]?{groups(BLANKS)}([.,][0-9]+)?",
        "thousands separators",
        f"data.thousands of a text file reads them (--thousands {_PREDICTING}), or write them without",
    ),
    _notation(r"[+-]?[0-9.,]*[0-9]\s*%", "percent signs", _ALONE),
    _notation(rf"[+-]?\s*{_CURRENCY}\s*[+-]?[0-9]{_DIGITS}", "currency signs", _ALONE),
    _notation(rf"[+-]?[0-9]{_DIGITS}\s*{_CURRENCY}", "currency signs", _ALONE),
)
"""The first that all foreign numbers of a column have is told."""


def notation_of(text: str) -> Notation | None:
    """How a text is a number elsewhere; None for what is none, and for what is one here.

    Example:
        >>> notation_of("1.234,5").signs, notation_of("12.5")
        ('decimal commas', None)
    """
    if re.search(NUMBER, text):
        return None
    return next((each for each in NOTATIONS if re.search(each.form, text)), None)
