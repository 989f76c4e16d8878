"""How numbers are written: with a decimal point or comma, with or without something between the thousands."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from dlcli.data.values.notations import BLANKS, COMMA, groups, notation_of, number_pattern
from dlcli.errors import Problem

__all__ = [
    "POINT",
    "Numerals",
    "find_numerals",
]

SHARE = 0.9
"""Part of a column's cells that must be numbers of one form for it to say how they are written."""

_COMMA = re.compile(COMMA)
_GROUPED_COMMA = re.compile(rf"[+-]?{groups('.' + BLANKS)},[0-9]+")
_GROUPED_POINT = re.compile(rf"[+-]?{groups(',' + BLANKS)}\.[0-9]+")
_POINT = re.compile(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]+([eE][+-]?[0-9]+)?")
_MAYBE_THOUSANDS = re.compile(rf"[+-]?{groups('.,')}")


@dataclasses.dataclass(frozen=True, slots=True)
class Numerals:
    """How the numbers of a file are written.

    Args:
        decimal: `.` or `,`.
        thousands: What may stand between the thousands; empty for nothing.
        doubts: What looks as if numbers were written otherwise.
    """

    decimal: str = "."
    thousands: str = ""
    doubts: tuple[Problem, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether they are written as programs write them."""
        return self.decimal == "." and not self.thousands

    def pattern(self) -> re.Pattern[str]:
        """What a number looks like."""
        return re.compile(number_pattern(self.decimal, self.thousands))


POINT = Numerals()


@dataclasses.dataclass(frozen=True, slots=True)
class _Column:
    """What a column's cells say: an example of each form in which they are written."""

    name: str
    comma: str
    grouped: str
    maybe_grouped: str
    point: str
    grouped_point: str
    maybe_point: str

    @classmethod
    def of(cls, name: str, cells: Sequence[str]) -> _Column | None:
        """None for a column that is not of numbers."""
        forms: dict[str, str] = dict.fromkeys(
            ("comma", "grouped", "maybe_grouped", "point", "grouped_point", "maybe_point"), ""
        )
        numbers = 0
        for cell in cells:
            form = _form(cell)
            numbers += form is not None
            if form:
                forms[form] = forms[form] or cell
        return cls(name, **forms) if cells and numbers >= SHARE * len(cells) else None


def _form(cell: str) -> str | None:
    """Of a cell: None when it is no number, empty when it is a whole one."""
    if _WHOLE.fullmatch(cell):
        return ""
    if _GROUPED_COMMA.fullmatch(cell):
        return "grouped"
    if _GROUPED_POINT.fullmatch(cell):
        return "grouped_point"
    if _MAYBE_THOUSANDS.fullmatch(cell):
        return "maybe_grouped" if "," in cell else "maybe_point"
    if _COMMA.fullmatch(cell):
        return "comma"
    return "point" if _POINT.fullmatch(cell) else None


def find_numerals(
    rows: Sequence[Sequence[str]],
    names: Sequence[str],
    *,
    file: Path,
    delimiter: str,
    missing: Collection[str],
    likely: Numerals | None = None,
) -> Numerals:
    """How the numbers of the first rows are written.

    Commas are decimal where some column's numbers cannot be read otherwise, and no column has decimal points. Where
    cells are parted by commas, and where `1,234` is all that there is, it is a doubt and no more. A number with both
    marks, such as `1,234.50`, says what both are.

    Args:
        rows: The first rows, all of one width.
        names: The names of their columns; empty for those that say nothing of the file.
        file: For messages.
        delimiter: Between the cells.
        missing: Texts that count as empty.
        likely: How they were written in the files that a model was trained on, which decides where it can be so.
    """
    columns = []
    for place, name in enumerate(names):
        cells = [row[place].strip() for row in rows if place < len(row)] if name else []
        if column := _Column.of(name, [cell for cell in cells if cell not in missing]):
            columns.append(column)
    commas = [column for column in columns if column.comma or column.grouped]
    maybe = [column for column in columns if column.maybe_grouped and column not in commas]
    points = [column for column in columns if column.point or column.grouped_point]
    if likely is not None and not likely.plain and not points:
        return Numerals(likely.decimal, likely.thousands)
    if commas and not points and delimiter != ",":
        mark = _mark_of(next((column.grouped for column in commas if column.grouped), ""))
        pointed = [column for column in columns if column.maybe_point]
        return Numerals(",", mark, () if mark == "." else tuple(_thousands(file, column) for column in pointed))
    if points and not commas and (grouped := next((each.grouped_point for each in points if each.grouped_point), "")):
        return Numerals(".", _mark_of(grouped))
    pointed = [column for column in columns if column.maybe_point] if delimiter == ";" and not points else []
    doubts = (
        *(_commas(file, column, points) for column in (*commas, *maybe)),
        *(_points(file, each) for each in pointed),
    )
    return Numerals(doubts=doubts)


def _mark_of(number: str) -> str:
    """What stands between the thousands of a number."""
    return re.sub(r"[0-9+-]", "", number)[:-1][:1].replace("\u00a0", " ").replace("\u202f", " ")


def _commas(file: Path, column: _Column, points: Sequence[_Column]) -> Problem:
    example = column.comma or column.grouped or column.maybe_grouped
    notation = notation_of(example)
    hint = notation.way_out if notation is not None else ""
    if points and example != column.maybe_grouped:
        point = points[0].point or points[0].grouped_point
        hint = f"{points[0].name!r} has decimal points, as in '{point}'; write both in the same way"
    return Problem(
        f"column {column.name!r} holds texts that look like numbers with commas, such as '{example}'",
        hint=hint,
        file=file,
        rule="number-format",
    )


def _points(file: Path, column: _Column) -> Problem:
    return Problem(
        f"column {column.name!r} holds '{column.maybe_point}', which is read as a fraction; in files of semicolons "
        "points often part thousands",
        hint="data.thousands: '.' makes whole numbers of them (--thousands of a file to predict for), and "
        "data.decimal: '.' says that they are fractions",
        file=file,
        rule="number-format",
    )


def _thousands(file: Path, column: _Column) -> Problem:
    return Problem(
        f"column {column.name!r} holds '{column.maybe_point}' in a file of decimal commas, which is read as text",
        hint="data.thousands: '.' makes it a whole number (--thousands of a file to predict for)",
        file=file,
        rule="number-format",
    )
