"""What speaks against taking a column of texts for categories: texts that mean something else, and ids."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from dlcli.config.document.places import format_path
from dlcli.config.document.writer import flow
from dlcli.config.options.number_form import NumberForm
from dlcli.data.columns.date_formats import fitting_formats
from dlcli.data.types.profile import ISO, ColumnProfile
from dlcli.data.values.notations import NOTATIONS, NUMBER
from dlcli.data.values.written import find_form
from dlcli.errors import Problem, first_of

__all__ = ["collect_doubts", "doubts_of"]

_MOSTLY = 0.9
"""The part of a column's different values from which on the others look like faults."""

_FEW = 3
"""Columns with the same doubt that are told one by one."""

_EMPTY = {"?", "-", "--", ".", "*", "missing", "unknown", "none", "nil", "n.a.", "n.d.", "#n/a", "#value!", "#div/0!"}
"""What is written for a cell without a value, in small letters: among numbers it is never one."""

_WORD = r"\pL{3}"
"""In a word that capitals do not make another one, as they do in codes of letters."""

_ENOUGH = 20
"""Different values from which on such a part, or that all are different, tells something."""


def doubts_of(column: ColumnProfile, path: tuple[str, str, str], *, prose: bool = False) -> tuple[Problem, ...]:
    """Warnings about a column that is taken for categories, classes or text; at most one.

    Args:
        column: All of it.
        path: `data`, `features` or `target`, and the column's name.
        prose: It is taken for text.
    """
    values = column.distinct
    if values is None or not pa.types.is_string(values.type) or not len(values):
        return ()
    found = _foreign_number(values) or _foreign_date(values) or _mostly(values)
    if not found and not prose:
        found = _id(column, len(values), path[1]) or _spellings(values)
    if not found:
        return ()
    what, hint = found
    taken = "text" if prose else f"{len(values):,} {'classes' if path[1] == 'target' else 'categories'}"
    message = f"the column {path[2]!r} is taken for {taken}, and {what}"
    return (Problem(message, path=format_path(path), hint=hint, rule="doubtful-type"),)


def collect_doubts(doubts: Iterable[Problem]) -> tuple[Problem, ...]:
    """One warning for all columns with the same way out, where these are more than a few."""
    groups: dict[str, list[Problem]] = {}
    for doubt in doubts:
        groups.setdefault(doubt.hint, []).append(doubt)
    collected: list[Problem] = []
    for group in groups.values():
        if len(group) <= _FEW:
            collected += group
            continue
        first, *others = group
        named = first_of((doubt.path.removeprefix("data.features.") for doubt in others), _FEW)
        collected.append(dataclasses.replace(first, message=f"{first.message}; the same goes for {named}"))
    return tuple(collected)


def _foreign_number(values: pa.Array) -> tuple[str, str] | None:
    plain = pc.match_substring_regex(values, NUMBER)
    if pc.all(plain).as_py():
        return None  # codes with leading zeros
    guess = find_form(values.to_pylist())
    ways = "" if guess is None or len(guess.units) > 1 else " or ".join(map(_option, guess.readings))
    for notation in NOTATIONS:
        foreign = pc.and_not(pc.match_substring_regex(values, notation.form), plain)
        if not pc.any(foreign).as_py():
            continue
        others = values.filter(pc.invert(pc.or_(plain, foreign))).to_pylist()
        if not others or _is_few(others, values):
            example = values.filter(foreign)[0].as_py()
            but = f", but for {first_of(map(repr, others), 3)}" if others else ""
            return f"its values look like numbers with {notation.signs}, such as {example!r}{but}", (
                f"{ways} reads them" if ways and notation.has_unit else notation.way_out
            )
    if guess is None or not ways or len(values) < 2:
        return None
    return f"its values look like numbers with a unit, such as {guess.example!r}", f"{ways} reads them"


def _option(form: NumberForm) -> str:
    return flow({"type": "number", **form.options})


def _foreign_date(values: pa.Array) -> tuple[str, str] | None:
    formats = fitting_formats(values.to_pylist())
    if not formats:
        return None
    hint = f"{{type: datetime, format: {formats[0]!r}}}"
    others = "".join(f", or {each!r}" for each in formats[1:])
    which = ": only you know which, for both read all values" if others else ""
    return f"its values look like dates, such as {values[0].as_py()!r}", hint + others + which


def _mostly(values: pa.Array) -> tuple[str, str] | None:
    """Numbers or dates among which a few cells are something else."""
    for form, kind in ((NUMBER, "number"), (ISO, "datetime")):
        fitting = pc.match_substring_regex(values, form)
        others = values.filter(pc.invert(fitting)).to_pylist()
        empty = len(others) < len(values) and all(other.strip().casefold() in _EMPTY for other in others)
        if others and (_is_few(others, values) or empty):
            words = "numbers" if kind == "number" else "dates"
            return (
                f"all its values are {words} but {first_of(map(repr, others), 3)}",
                f"mend these cells, or list them in data.missing_values where they mean empty: then it is a {kind}",
            )
    return None


def _is_few(others: list[str], values: pa.Array) -> bool:
    """Whether these look like faults among all."""
    return len(values) >= _ENOUGH and len(others) <= (1 - _MOSTLY) * len(values)


def _spellings(values: pa.Array) -> tuple[str, str] | None:
    """Words that are written in capitals here and in small letters there, or with other blanks."""
    words = values.filter(pc.match_substring_regex(values, _WORD))
    alike: dict[str, list[str]] = {}
    for word in words.to_pylist():
        alike.setdefault(" ".join(word.casefold().split()), []).append(word)
    several = [spelled for spelled in alike.values() if len(spelled) > 1]
    if not several:
        return None
    shown = "; ".join(" and ".join(map(repr, spelled[:3])) for spelled in several[:2])
    return f"some differ in capitals or blanks alone: {shown}", "write them alike where they mean the same"


def _id(column: ColumnProfile, different: int, section: str) -> tuple[str, str] | None:
    if different <= _ENOUGH or different <= column.present / 2:
        return None
    if different < column.present and different <= 5 * _ENOUGH:
        return None
    how = "all of its values are different" if different == column.present else "most of its values are there once"
    if section == "target":
        return f"{how}: is it an id?", "a class is learnt from several rows: name another target, or mend its values"
    return f"{how}: is it an id?", "leave it out with data.exclude, or say {type: category} or {type: text}"
