"""Numbers that are texts to a program, as `$1,234.50`: read as a config says, and how a column of them is written."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from dlcli.config.document.writer import flow
from dlcli.config.options.number_form import NumberForm
from dlcli.data.columns.arrays import FALSE
from dlcli.data.columns.names import is_text
from dlcli.data.values.conversion import CellFault, as_numbers, plain
from dlcli.data.values.marks import marks_of
from dlcli.data.values.notations import NUMBER, number_pattern
from dlcli.errors import Problem

__all__ = ["GLANCE", "FormGuess", "find_form", "may_have_form", "read_written"]

_BLANK = "[\\s\u00a0\u202f]*"
_SIGN = "[+\u2212-]?"
_MONEY = r"(?:[A-Z]{0,3}[$€£¥₹₽₩₺]|EUR|USD|GBP|CHF|JPY|CNY|INR|CAD|AUD|R\$|Rs\.?|kr\.?|zł)"
_UNIT = rf"(?:{_MONEY}|(?:[^\W\d_]|[%‰°])[^\d,;:&()]{{0,11}}[23]?)"
"""What may follow a number: a sign of money, or what begins with a letter or the like, and has no number in it."""

_WRITTEN = re.compile(
    rf"\s*(?P<open>\()?\s*{_SIGN}\s*(?P<before>{_MONEY})?\s*{_SIGN}"
    rf"(?P<number>[0-9]|[0-9.,][0-9.,'_\s]*[0-9])\s*(?P<after>{_UNIT})?\s*(?P<close>\))?\s*"
)
_PLAIN = re.compile(NUMBER)
_CODE = re.compile(r"0[0-9]+$")

_FORMS = tuple(
    NumberForm(decimal=decimal, thousands=thousands)
    for decimal, thousands in (
        (".", ""),
        (".", ","),
        (",", ""),
        (",", "."),
        (".", " "),
        (",", " "),
        (".", "'"),
        (",", "'"),
        (".", "_"),
        (",", "_"),
    )
)
"""How numbers may be written, the simplest first."""

_MOSTLY = 0.9
"""The part of the texts from which on the others are faults."""

GLANCE = 500
"""Texts that tell whether it is worth looking at the others."""

_MOST_UNITS = 6
"""Units of one column; of more they are words."""

_CALLED = 7
"""Digits from which on a number may be one to call."""

_LARGE = 100
"""What numbers without a mark must come up to, for thousands to be what is marked in the others."""


class _Unreadable(CellFault):
    """A text that is not written as its column's numbers are."""

    def __init__(self, index: int, value: str, count: int, form: NumberForm) -> None:
        super().__init__(index, value, count)
        self._form = form

    def problem(self, column: str, *, row: int) -> Problem:
        """The fault as a problem of `column`; `row` is the 1-based data row."""
        value = repr(self.value if len(self.value) <= 60 else self.value[:57] + "...")
        more = f" ({self.count - 1} more after it)" if self.count > 1 else ""
        hint = f"write it so, or list {value} in data.missing_values if it stands for an empty cell"
        if self._form.unit and self._form.unit not in self.value:
            hint = f"it lacks {self._form.unit!r}, and may be in another unit: {hint}"
        return Problem(
            f"column {column!r} has numbers such as {self._form.example!r}, and row {row} holds {value}{more}",
            hint=hint,
            rule="not-a-number",
        )


def read_written(values: pa.Array, form: NumberForm, *, missing: Collection[str]) -> pa.Array:
    """Texts as float64, empty cells as nulls; what is no text is a number already.

    Args:
        values: The cells.
        form: How they are written.
        missing: Texts that count as empty.

    Raises:
        CellFault: A cell is written otherwise.

    Example:
        >>> read_written(pa.array(["$1,234.50", "($2)", "NA"]), NumberForm("$", ".", ","), missing=["NA"]).to_pylist()
        [1234.5, -2.0, None]
    """
    cells = plain(values)
    if not is_text(cells.type):
        return as_numbers(cells, missing=missing)
    texts = pc.utf8_trim_whitespace(marks_of(missing).without(cells))
    wrong = pc.fill_null(pc.invert(pc.match_substring_regex(texts, _pattern(form))), FALSE)
    if pc.any(wrong).as_py():
        places = pc.indices_nonzero(wrong).to_pylist()
        raise _Unreadable(places[0], str(cells[places[0]].as_py()), len(places), form)
    for sign, meant in ((form.unit, ""), ("(", "-"), (")", ""), ("\u2212", "-"), ("+", "")):
        texts = pc.replace_substring(texts, sign, meant) if sign else texts
    texts = pc.replace_substring_regex(texts, "[\\s\u00a0\u202f]+", "")
    texts = pc.replace_substring(texts, form.thousands, "") if form.thousands else texts
    return as_numbers(pc.replace_substring(texts, form.decimal, "."))


def _pattern(form: NumberForm) -> str:
    """A regular expression of such a number as a whole, for Arrow. Parentheses are a minus, as in accounts."""
    number = number_pattern(form.decimal, form.thousands)[1:-1].removeprefix("[+-]?")
    signed = f"{_SIGN}{_BLANK}"
    if not form.unit:
        return rf"^({signed}{number}|\({_BLANK}{number}{_BLANK}\))$"
    unit = re.escape(form.unit)
    before, after = f"{unit}{_BLANK}{number}", f"{number}{_BLANK}{unit}"
    either = f"({before}|{after})"
    return rf"^({signed}{either}|{unit}{_BLANK}{signed}{number}|\({_BLANK}{either}{_BLANK}\))$"


@dataclasses.dataclass(frozen=True)
class FormGuess:
    """How a column of texts writes numbers.

    Args:
        form: The only way in which all of them can be read; None where there is none, or are several.
        readings: The ways in which they can be read, each as other numbers.
        units: Those that are met; the empty one is none.
        odd: Texts that are no numbers.
        example: One of the numbers, which shows most of how they are written.
    """

    form: NumberForm | None
    readings: tuple[NumberForm, ...]
    units: tuple[str, ...]
    odd: tuple[str, ...]
    example: str

    @property
    def shown(self) -> str:
        """What the example is read as, in words: `'$1,234.50' is 1234.5`."""
        return f"{self.example!r} is {_number(self.example, self.readings[0]):g}"

    @property
    def doubt(self) -> str:
        """Why they cannot be read, and the way out, in words; empty where they can be."""
        if len(self.units) > 1:
            units = ", ".join(repr(unit) if unit else "none" for unit in self.units)
            return f"numbers with several units ({units}): bring them to one to use it"
        if self.odd:
            shown = ", ".join(map(repr, self.odd[:3])) + (f" and {len(self.odd) - 3} more" if len(self.odd) > 3 else "")
            return f"mostly numbers such as {self.example!r}, but for {shown}: mend these cells to use it"
        if len(self.readings) > 1:
            ways = " or ".join(
                f"{_number(self.example, form):g}, {flow({'type': 'number', 'decimal': form.decimal} | form.options)}"
                for form in self.readings[:2]
            )
            return f"numbers such as {self.example!r} may be {ways}: only you know which"
        return ""


def find_form(texts: Sequence[str], *, decimal: str = "") -> FormGuess | None:
    """How a column writes its numbers; None for one that is of none, of such as programs write, or of codes: `007`.

    A mark that may part thousands or a fraction is read by what the column itself shows: another number that can only
    be one of both, or sums of money of more than three digits. Else several readings are left.

    Args:
        texts: Its different values, without those that stand for empty cells.
        decimal: What stands before fractions in other columns of the file, where that is known.

    Example:
        >>> find_form(["1.234,50 EUR", "12 EUR"]).form
        NumberForm(unit='EUR', decimal=',', thousands='.')
        >>> [form.options for form in find_form(["1,234 km", "2,500 km"]).readings]
        [{'unit': 'km', 'thousands': ','}, {'unit': 'km', 'decimal': ','}]
    """
    if len(texts) > GLANCE and not may_have_form(texts[:GLANCE]):
        return None
    parts = {text: found for text in texts if (found := _parts(text)) is not None}
    if not parts or len(parts) < _MOSTLY * len(texts) or all(map(_PLAIN.search, parts)):
        return None
    if any(not unit and _CODE.match(number) for unit, number in parts.values()):
        return None
    units = tuple(unit for unit, _ in Counter(unit for unit, _ in parts.values()).most_common())
    numbers = list(dict.fromkeys(number for _, number in parts.values()))
    odd = tuple(text for text in texts if text not in parts)
    ways = [] if _are_called(numbers) else _ways(numbers)
    if not ways or len(units) > _MOST_UNITS:
        return None
    if len(ways) > 1 and decimal:
        ways = [form for form in ways if form.decimal == decimal] or ways
    if len(ways) > 1 and (thousands := _thousands(numbers, units[0])):
        ways = [form for form in ways if form.thousands == thousands] or ways
    readings = tuple(dataclasses.replace(form, unit=units[0]) for form in ways)
    certain = len(readings) == 1 and len(units) == 1 and not odd
    return FormGuess(readings[0] if certain else None, readings, units, odd, max(parts, key=_telling))


def may_have_form(first: Sequence[str]) -> bool:
    """Whether it is worth looking at the other texts of a column, told from the first `GLANCE` of them."""
    return find_form(first) is not None or all(map(_PLAIN.search, first))


def _parts(text: str) -> tuple[str, str] | None:
    """The unit and the number of a text."""
    if _PLAIN.search(text):
        return "", text.strip().lstrip("+-")
    found = _WRITTEN.fullmatch(text)
    if found is None or (found["before"] and found["after"]) or bool(found["open"]) != bool(found["close"]):
        return None
    return (found["before"] or found["after"] or "").strip(), re.sub(r"\s", " ", found["number"])


def _are_called(numbers: Sequence[str]) -> bool:
    """Whether these are numbers to call: digits in groups, as many in each."""
    digits = {sum(map(str.isdecimal, number)) for number in numbers}
    return len(digits) == 1 and min(digits) >= _CALLED and all(" " in number for number in numbers)


def _telling(text: str) -> tuple[int, int]:
    return sum(not each.isdecimal() for each in text), len(text)


def _ways(numbers: Sequence[str]) -> list[NumberForm]:
    """The simplest form for each way in which all can be read."""
    found: dict[tuple[float, ...], NumberForm] = {}
    for form in _FORMS:
        if all(re.fullmatch(_strict(form), number) for number in numbers):
            found.setdefault(tuple(_number(number, form) for number in numbers), form)
    return list(found.values())


def _strict(form: NumberForm) -> str:
    """As `number_pattern`, without zeros before thousands: `0.123` has a fraction."""
    point, mark = re.escape(form.decimal), re.escape(form.thousands)
    whole = rf"([0-9]+|[1-9][0-9]{{0,2}}({mark}[0-9]{{3}})+)" if mark else "[0-9]+"
    return rf"({whole}({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]+)?"


def _number(text: str, form: NumberForm) -> float:
    digits = "".join(text.replace(form.unit, "").split()) if form.unit else "".join(text.split())
    digits = digits.replace("(", "-").replace(")", "").replace("\u2212", "-")
    return float((digits.replace(form.thousands, "") if form.thousands else digits).replace(form.decimal, "."))


def _thousands(numbers: Sequence[str], unit: str) -> str:
    """The mark between the thousands of numbers such as `1,234`, which may have fractions of three digits instead.

    Fractions are written to one length, or without zeros at their end. Where whole numbers are there without the mark,
    and others end in a zero after it, it is neither. No sum of money has a fraction of three digits, but for the prices
    of small things.
    """
    marked = [number for number in numbers if not number.isdecimal()]
    whole = [int(number) for number in numbers if number.isdecimal()]
    mark = re.sub(r"[0-9]", "", marked[0])[:1] if marked else ""
    if any(re.fullmatch(rf"[0-9]{{1,3}}{re.escape(mark)}[0-9]{{3}}", number) is None for number in marked):
        return ""
    if whole and _LARGE <= max(whole) < 1000 and any(number.endswith("0") for number in marked):
        return mark
    money = re.fullmatch(_MONEY, unit) is not None
    return mark if money and any(number.index(mark) > 1 for number in marked) else ""
