"""What each column is good for: a feature of the type that inference finds, or left out, and why."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable

import numpy as np

from dlcli.config.options.feature import Feature
from dlcli.config.options.types import feature_types
from dlcli.data.columns.arrays import numbers_array, texts_array
from dlcli.data.columns.date_formats import fitting_formats
from dlcli.data.columns.instants import instants
from dlcli.data.lint.cells import Cells
from dlcli.data.lint.giveaways import gives_away
from dlcli.data.lint.ids import counts_rows, is_numbered
from dlcli.data.lint.pairs import pairs
from dlcli.data.lint.twins import twins
from dlcli.data.threads import each_of
from dlcli.data.types.inference import Guess, infer_feature
from dlcli.data.types.profile import profile
from dlcli.data.values.conversion import count_numbers, kind_of
from dlcli.drafting.looking.first_rows import Glance
from dlcli.drafting.task import Task

__all__ = ["Column", "against_target", "look_at_columns", "settle"]

_FEWEST = 10
"""Rows from which on a column whose values are nearly all different may be an id."""

_LOOKED_AT = 40
"""Texts of which it is tried whether each is a date."""

_CATEGORIES = 20
"""Different texts up to which a column is one of categories, even where these look like numbers."""

_ROWS_A_CATEGORY = 3
"""Rows that each has in the mean, where most are numbers."""

_GIVES_AWAY, _COUNTS = "it gives the target away", "it counts the rows"


@dataclasses.dataclass(frozen=True)
class Column:
    """A column beside the target.

    Args:
        name: Its name.
        cells: Its first values.
        used: It is a feature; else it is left out.
        feature: Of which type; None where inference is to tell from all rows.
        why: The reason, of whichever it is.
        suspect: What it is left out for, where the other rows may say otherwise: `constant` or `empty`.
        by_itself: It is left out without being named: no type is known for it.
        otherwise: Inference would find another type: this one has to be written.
    """

    name: str
    cells: Cells
    used: bool
    feature: Feature | None
    why: str
    suspect: str = ""
    by_itself: bool = False
    otherwise: bool = False

    @property
    def distinct(self) -> int:
        """Different values among the first rows."""
        return 0 if self.cells.is_array else len(self.cells.different)

    @property
    def feature_type(self) -> str:
        """The type's name; `auto` where it is not known yet."""
        return "auto" if self.feature is None else self.feature.type

    @property
    def details(self) -> str:
        """What there is to say of it beside its type, and a few of its values."""
        words = self.why
        if self.feature is not None and words.startswith(self.feature.type):
            words = re.sub(r"^\((.*?)\)", r"\1", words.removeprefix(self.feature.type).lstrip("; "))
        return ", ".join(filter(None, (self._values, words)))

    @property
    def _values(self) -> str:
        """The range of its numbers and dates, or its first categories."""
        if self.cells.is_array or self.feature is None or self.feature.opens_files:
            return ""
        numbers = self.cells.numbers
        if self.feature.type == "number" and numbers is not None and np.isfinite(numbers).any():
            return f"{np.nanmin(numbers):g} to {np.nanmax(numbers):g}"
        if self.feature.type not in ("category", "datetime"):
            return ""
        if self.feature.type == "category":
            first = map(_shown, self.cells.named.slice(0, 3).to_pylist())
            return f"{', '.join(first)}{', ...' if self.distinct > 3 else ''}"
        return _span(self.cells, self.feature.date_format)


def look_at_columns(seen: Glance, targets: Collection[str]) -> list[Column]:
    """Every column beside the targets, by itself."""
    others = [(name, cells) for name, cells in seen.columns.items() if name not in targets]
    columns = each_of(others, lambda each: _look(*each, seen))
    found = twins({column.name: column.cells for column in columns if column.used and not _opens_files(column)})
    return [
        dataclasses.replace(column, used=False, feature=None, why=found[column.name].in_words)
        if column.name in found
        else column
        for column in columns
    ]


def against_target(columns: Iterable[Column], target: Cells, task: Task) -> list[Column]:
    """The columns without those that give the target away, unless nothing else is left."""
    found = []
    for column in columns:
        if column.used and (why := gives_away(column.cells, target, classes=task.kind == "classes")):
            reason = f"{_GIVES_AWAY}: {why}; delete this line if it is known before"
            column = dataclasses.replace(column, used=False, why=reason)
        found.append(column)
    return _some_left(found if task.kind == "classes" else _without_pairs(found, target))


def _without_pairs(columns: list[Column], target: Cells) -> list[Column]:
    """The columns without those of which two make the target."""
    told: dict[str, str] = {}
    for pair in pairs({column.name: column.cells for column in columns if column.used}, target):
        for name, other in ((pair.first, pair.second), (pair.second, pair.first)):
            told[name] = (
                f"{_GIVES_AWAY} together with {other!r}: it is {pair.how}; delete these lines if both are known before"
            )
    return [
        dataclasses.replace(column, used=False, why=told[column.name]) if column.name in told else column
        for column in columns
    ]


def settle(columns: Iterable[Column], constant: Iterable[str]) -> list[Column]:
    """The columns after all rows were seen: those that only looked constant or empty among the first are features.

    Args:
        columns: As the first rows show them.
        constant: Those that have one value, or none, in all rows.
    """
    kept = set(constant)
    settled = []
    for column in columns:
        if column.suspect and column.name not in kept:
            why = "one value in the first rows, more in the others"
            column = dataclasses.replace(column, used=True, why=why, suspect="", by_itself=False)
        settled.append(column)
    return settled


def _opens_files(column: Column) -> bool:
    return column.feature is not None and column.feature.opens_files


def _look(name: str, cells: Cells, seen: Glance) -> Column:
    guess = infer_feature(list(cells.chunks), cells.info, folder=seen.folder)
    if guess.feature is None:
        empty = "no values" in guess.note
        why = "empty" if empty else guess.note.removeprefix("left out: ")
        return Column(name, cells, False, None, why, suspect="empty" if empty else "", by_itself=True)
    if cells.is_array or guess.feature.opens_files:
        return Column(name, cells, True, guess.feature, guess.note)
    if len(cells.different) == 1 and not cells.missing:
        return Column(name, cells, False, None, f"one value, {_shown(cells.names[0])}, in all rows", suspect="constant")
    if (large := cells.too_large) is not None:
        return Column(name, cells, False, None, f"has {large:g}, which no network can take: mend such cells to use it")
    if (form := seen.options.forms.of(name)) is not None and guess.feature.type == "number":
        written = guess.feature.model_copy(update=form.options)
        return _numbered(Column(name, cells, True, written, f"{_noted(guess)}; {seen.written[name].shown}"), guess)
    if (doubt := seen.written[name].doubt if name in seen.written else "") and len(cells.different) > _CATEGORIES:
        return Column(name, cells, False, None, doubt)
    if guess.odd:
        return _odd_one(name, cells)
    feature, note = _with_format(guess, cells)
    return _numbered(Column(name, cells, True, feature, note), guess)


def _odd_one(name: str, cells: Cells) -> Column:
    """A column of numbers and a few words: where there are few of both, as in `4`, `6` and `rotary`, categories."""
    category, odd = feature_types().get("category"), _odd(cells)
    if category is None or len(cells.different) > min(_CATEGORIES, len(cells.column) // _ROWS_A_CATEGORY):
        return Column(name, cells, False, None, f"mostly numbers, but for {odd}: mend these cells to use it")
    note = (
        f"{len(cells.different)} values; mostly numbers, but for {odd}: mend these cells, and it can be one of numbers"
    )
    return Column(name, cells, True, category.model_validate({"type": "category"}), note, otherwise=True)


def _numbered(column: Column, guess: Guess) -> Column:
    """The column, left out where it is an id."""
    why = _id(column.name, column.cells, guess)
    return dataclasses.replace(column, used=False, feature=guess.feature, why=why) if why else column


def _some_left(columns: list[Column]) -> list[Column]:
    """Where nothing would be left to learn from, what gives the target away, or counts the rows, is what there is."""
    if any(column.used for column in columns):
        return columns
    kept = []
    for column in columns:
        if column.why.startswith(_GIVES_AWAY) or column.why == _COUNTS:
            why = f"{column.why.partition(';')[0]}; nothing else is left to learn from"
            column = dataclasses.replace(column, used=True, why=why)
        kept.append(column)
    return kept


def _id(name: str, cells: Cells, guess: Guess) -> str:
    """Why a column is taken for an id; empty for one that is none."""
    known = len(cells.column) - cells.missing
    doubted = any("is it an id?" in doubt.message for doubt in guess.doubts)
    if doubted and (why := _several_forms(cells)):
        return why
    if doubted and len(cells.different) > 0.95 * known and known >= _FEWEST:
        return "nearly all of its values are different texts: an id"
    if is_numbered(name, cells):
        kind = "whole numbers: an id" if cells.numbers is not None else "texts, and it is called as ids are"
        return f"all of its values are different {kind}"
    return _COUNTS if counts_rows(name, cells) else ""


def _several_forms(cells: Cells) -> str:
    """Why dates cannot be read that are written in several ways; empty for other texts."""
    texts = cells.named.slice(0, _LOOKED_AT).to_pylist()
    forms = [fitting_formats([text]) for text in texts]
    if len(texts) < _FEWEST or not all(forms):
        return ""
    other = next((text for text, form in zip(texts, forms, strict=True) if not set(form) & set(forms[0])), None)
    if other is None:
        return ""
    return f"dates in several forms, such as {_shown(texts[0])} and {_shown(other)}: write them alike to use it"


def _odd(cells: Cells) -> str:
    texts = cells.column.drop_null().unique()
    once = numbers_array(np.ones(1, np.int64))
    odd = [each for each in texts.to_pylist() if not count_numbers(texts_array([each]), once)]
    return ", ".join(map(_shown, odd[:3])) + (f" and {len(odd) - 3} more" if len(odd) > 3 else "")


def _with_format(guess: Guess, cells: Cells) -> tuple[Feature | None, str]:
    """A column of dates that are not written as ISO 8601 as dates: inference only doubts, and here somebody may see."""
    date = feature_types().get("datetime")
    if date is None or guess.feature is None or not guess.doubts:
        return guess.feature, _noted(guess)
    if kind_of(cells.column.type) == "number" and (form := profile(list(cells.chunks)).dates) is not None:
        note = f"dates such as {form.example}; {{type: number}} if they are numbers"
        return date.model_validate({"type": "datetime", "format": form.format}), note
    texts = cells.column.drop_null().unique().to_pylist() if kind_of(cells.column.type) == "text" else []
    formats = fitting_formats(texts)
    if formats and len(texts) > 1:
        others = f"; or {', '.join(map(repr, formats[1:]))}, which reads all of them too" if formats[1:] else ""
        note = f"dates such as {_shown(texts[0])}{others}"
        return date.model_validate({"type": "datetime", "format": formats[0]}), note
    return guess.feature, _noted(guess)


def _noted(guess: Guess) -> str:
    doubts = "; ".join(
        f"{doubt.message.partition(', and ')[2] or doubt.message}: {doubt.hint}" for doubt in guess.doubts
    )
    return f"{guess.note}; {doubts}" if doubts else guess.note


def _span(cells: Cells, format: str | None) -> str:
    """The first and the last of some dates, as they are written: not the first and last of these texts."""
    read = instants(cells.different, format=format)
    known = np.flatnonzero(~(read.missing | read.unreadable))
    if not len(known):
        return ""
    moments = read.microseconds[known]
    first, last = (cells.named[known[place]].as_py() for place in (moments.argmin(), moments.argmax()))
    return f"{_shown(first)} to {_shown(last)}"


def _shown(text: str) -> str:
    text = text if len(text) <= 40 else f"{text[:37]}..."
    return repr(text)
