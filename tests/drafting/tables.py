"""Tables with every trap, for Hypothesis: what stands in real tables, and what nobody has thought of."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

__all__ = ["Table", "tables"]

Table = tuple[list[str], list[list[str]]]
"""The names of the columns, and the rows."""

Draw = Callable[[st.SearchStrategy[Any]], Any]

_STRANGE = [
    "no",
    "null",
    "1",
    "1e3",
    "...",
    "auto",
    "none",
    "a: b",
    "- x",
    "# y",
    "{z}",
    "[q]",
    "*star",
    "&anchor",
    "!tag",
]
_STRANGE += [
    "'single'",
    '"double"',
    "a/b",
    "px{0..3}",
    "col*",
    "~",
    "true",
    "é",
    "数",
    "a\tb",
    " lead",
    "?",
    "|",
    ">",
    "%",
    "@",
]
_STRANGE += ["features", "train", "x" * 300, "2024-01-01", "=1+1", "back\\slash", "type", "columns"]

_FEW = st.sampled_from(["a", "b", "c", "yes", "no"])


def _column(draw: Draw, rows: int, kinds: Sequence[str]) -> list[str]:
    """The cells of a column of some kind."""
    kind = draw(st.sampled_from(kinds))
    cells = _KINDS[kind](draw, rows)
    if draw(st.integers(0, 5)) == 0:
        gaps = draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
        mark = draw(st.sampled_from(["", "NA", "?"]))
        cells = [mark if gap else cell for cell, gap in zip(cells, gaps, strict=True)]
    return cells


def _of(values: st.SearchStrategy[Any]) -> Callable[[Draw, int], list[str]]:
    return lambda draw, rows: [str(each) for each in draw(st.lists(values, min_size=rows, max_size=rows))]


def _dates(form: str) -> Callable[[Draw, int], list[str]]:
    def dates(draw: Draw, rows: int) -> list[str]:
        first = datetime.datetime(2020, 1, 1) + datetime.timedelta(days=draw(st.integers(0, 3000)))
        step = draw(st.integers(0, 40))
        return [(first + datetime.timedelta(days=step * place)).strftime(form) for place in range(rows)]

    return dates


_KINDS: dict[str, Callable[[Draw, int], list[str]]] = {
    "numbers": _of(st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))),
    "large": _of(st.sampled_from([1e300, -1e300, 1e-300, 0])),
    "whole": _of(st.integers(-5, 5)),
    "binary": _of(st.integers(0, 1)),
    "signs": _of(st.sampled_from([-1, 1])),
    "classes": _of(_FEW),
    "words": _of(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)),
    "prose": _of(st.lists(st.sampled_from(["the", "quick", "fox", "ran"]), min_size=3, max_size=6).map(" ".join)),
    "truth": _of(st.sampled_from(["true", "false"])),
    "constant": lambda draw, rows: [str(draw(st.one_of(_FEW, st.integers(0, 9))))] * rows,
    "empty": lambda draw, rows: [""] * rows,
    "id": lambda draw, rows: [str(place) for place in range(rows)],
    "code": lambda draw, rows: [f"{place:05}" for place in range(rows)],
    "name": lambda draw, rows: [f"row-{place}" for place in range(rows)],
    "group": lambda draw, rows: [f"p{place // 3}" for place in range(rows)],
    "rare": lambda draw, rows: ["seldom" if place == rows // 2 else "often" for place in range(rows)],
    "once": lambda draw, rows: [f"c{place}" if place % 4 == 0 else "c" for place in range(rows)],
    "iso": _dates("%Y-%m-%d"),
    "european": _dates("%d.%m.%Y"),
    "compact": _dates("%Y%m%d"),
    "slip": lambda draw, rows: ["oops" if place == rows - 1 else str(place % 7 + 0.5) for place in range(rows)],
    "money": lambda draw, rows: [f"${place * 137 % 9001:,.2f}" for place in range(rows)],
    "distance": lambda draw, rows: [f"{place * 7 % 31 / 2} km" for place in range(rows)],
    "either": lambda draw, rows: [f"{1 + place},{100 + place} km" for place in range(rows)],
    "nothing": lambda draw, rows: ["-999" if place % 5 == 0 else str(place * 3 % 17) for place in range(rows)],
    "price": lambda draw, rows: [f"{place},{place % 100:02}" for place in range(rows)],
}


_LEARNABLE = ["numbers", "money", "nothing", "whole", "binary", "signs", "classes", "truth", "rare", "once"]
"""Kinds of targets that a model can learn."""


@st.composite
def tables(draw: Draw, learnable: int = 1) -> Table:
    """A table of some rows, its columns of kinds that are drawn; one may be the target in other words.

    Args:
        draw: Draws.
        learnable: Columns, the last, that are mostly such as a model can learn.
    """
    rows = draw(st.sampled_from([1, 2, 3, 4, 9, 10, 12, 30, 60]))
    usual = st.sampled_from(["a", "b", "customer_id", "patient", "date", "born", "price", "target", "y", "folder"])
    names = draw(st.lists(st.one_of(usual, st.sampled_from(_STRANGE)), min_size=2, max_size=6, unique=True))
    columns = [_column(draw, rows, sorted(_KINDS)) for _ in names]
    for place in range(1, learnable + 1):
        if draw(st.integers(0, 3)):
            columns[-place] = _column(draw, rows, _LEARNABLE)
    if len(columns) > 1 and draw(st.booleans()):
        columns[0] = draw(st.sampled_from([columns[-1], [f"is {cell}" for cell in columns[-1]]]))
    return names, [list(row) for row in zip(*columns, strict=True)]


def as_csv(table: Table) -> str:
    """The table as a file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerows([table[0], *table[1]])
    return text.getvalue()
