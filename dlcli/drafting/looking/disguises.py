"""What is not what it seems: texts that are numbers, numbers that are none, and a row of all others."""

from __future__ import annotations

import dataclasses
import glob
import itertools
import re
from collections.abc import Collection, Mapping

import numpy as np
import pyarrow as pa

from dlcli.config.options.number_form import NumberForm
from dlcli.config.options.sources import Source as Said
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.chunk import FILE_NAME, FILE_PATH
from dlcli.data.columns.date_formats import fitting_formats
from dlcli.data.lint.cells import Cells
from dlcli.data.lint.sentinels import Sentinel, may_hold_dates_of_none, sentinels
from dlcli.data.lint.totals import is_total, names_total
from dlcli.data.types.inference import infer_target
from dlcli.data.values.conversion import kind_of
from dlcli.data.values.marks import marks_of
from dlcli.data.values.number_forms import NumberForms
from dlcli.data.values.written import GLANCE, FormGuess, find_form, may_have_form, read_written
from dlcli.drafting.looking.first_rows import Glance, look, open_with
from dlcli.errors import first_of

__all__ = ["as_numbers", "without_sentinels", "without_totals"]


def without_totals(said: Said, found: Glance, targets: Collection[str]) -> Glance:
    """The same without a last row of totals, where it begins with a word that no other row begins with."""
    name, first = next(iter(found.columns.items()), ("", None))
    reading = found.options.reading
    if first is None or not found.whole or reading.comment is not None or first.is_array or first.info.dtype:
        return found
    texts = first.column.to_pylist() if kind_of(first.column.type) == "text" and found.num_rows else [None]
    mark = (texts[-1] or "").strip()
    if not mark or any((text or "").strip().startswith(mark) for text in texts[:-1]):
        return found
    sums = (cells.numbers for other, cells in found.columns.items() if other != name and not cells.is_array)
    if not names_total(mark) and not any(is_total([each]) for each in sums if each is not None):
        return found
    options = dataclasses.replace(found.options, reading=dataclasses.replace(reading, comment=mark))
    seen = look(open_with(said, options), options, found.asked, targets)
    return seen if seen.num_rows == found.num_rows - 1 else found


def as_numbers(said: Said, found: Glance, targets: Collection[str]) -> Glance:
    """The same with texts such as `$1,234.50` as numbers, where there is one way to read them all."""
    written = _written(found)
    named = {name: guess.form for name, guess in written.items() if guess.form is not None}
    for name in named.keys() & set(targets):
        if not _is_measured(found.columns[name], named[name]):
            del named[name], written[name]
    if not named:
        return dataclasses.replace(found, written=written)
    forms = NumberForms(tuple((glob.escape(name), form) for name, form in named.items()))
    options = dataclasses.replace(found.options, forms=forms)
    seen = look(open_with(said, options), options, found.asked, set(targets) - named.keys(), measured=named.keys())
    return dataclasses.replace(seen, written=written)


def _written(found: Glance) -> dict[str, FormGuess]:
    texts = {
        name: [each.strip() for each in cells.names]
        for name, cells in found.columns.items()
        if not cells.is_array
        and pa.types.is_string(cells.column.type)
        and cells.info.dtype not in (FILE_PATH, FILE_NAME)
        and _may_be_written(cells)
    }
    guesses = {name: guess for name, each in texts.items() if (guess := find_form(each)) is not None}
    if any(len(guess.readings) > 1 for guess in guesses.values()) and (decimal := _decimal(found, guesses)):
        guesses = {name: find_form(texts[name], decimal=decimal) or guess for name, guess in guesses.items()}
    return guesses


def _may_be_written(cells: Cells) -> bool:
    """Whether its first texts do not tell that they are no numbers: most columns of texts are none."""
    if len(cells.different) <= GLANCE:
        return True
    return may_have_form([each.strip() for each in cells.named.slice(0, GLANCE).to_pylist()])


def _decimal(found: Glance, guesses: Mapping[str, FormGuess]) -> str:
    """What stands before the fractions of the file's numbers, where some column tells and none contradicts."""
    told = {
        guess.form.decimal
        for guess in guesses.values()
        if guess.form is not None and guess.form.decimal in guess.example
    }
    numbers = {
        name: cells.numbers
        for name, cells in found.columns.items()
        if cells.info.kind == "number" and not cells.info.dtype and not cells.is_array and cells.numbers is not None
    }
    broken = [name for name, each in numbers.items() if np.nanmax(np.abs(each - np.round(each)), initial=0) > 0]
    for chunk in itertools.islice(found.source.chunks(dict.fromkeys(broken, "exact")), 1) if broken else ():
        for name in broken:
            texts = as_arrow(chunk.columns[name]).to_pylist()
            told |= {re.sub(r"[0-9]", "", text)[-1:] for text in texts if text} & {".", ","}
    return told.pop() if len(told) == 1 else ""


def _is_measured(cells: Cells, form: NumberForm) -> bool:
    """Whether a target so written is a number, and no few classes, which keep their names."""
    numbers = read_written(cells.column, form, missing=())
    inferred, _, _ = infer_target([numbers], cells.info, classification=None, units=None)
    return inferred.kind == "number" and len(cells.different) > 2


def without_sentinels(said: Said, found: Glance, targets: Collection[str]) -> Glance:
    """The same with values such as -999 as empty cells, where no column has them as such that they may be meant."""
    told: dict[str, list[str]] = {}
    by_column: dict[str, set[str]] = {}
    for name, cells in found.columns.items():
        for each in _sentinels_of(cells, measured=name in targets) if found.options.forms.of(name) is None else ():
            told.setdefault(each.mark, []).append(f"{name!r} has {each.in_words}")
            by_column.setdefault(name, set()).add(each.mark)
    alone = {
        mark: reasons
        for mark, reasons in told.items()
        if not any(
            marks_of([mark]).empty(cells.column) is not None
            for name, cells in found.columns.items()
            if not cells.is_array and mark not in by_column.get(name, ())
        )
    }
    if not alone:
        return found
    options = dataclasses.replace(found.options, missing_values=(*found.options.missing_values, *alone))
    measured = [name for name in found.columns if found.options.forms.of(name) is not None]
    seen = look(open_with(said, options), options, found.asked, set(targets) - set(measured), measured=measured)
    reasons = {mark: first_of(each, 3) for mark, each in alone.items()}
    return dataclasses.replace(seen, written=found.written, sentinels=reasons)


def _sentinels_of(cells: Cells, *, measured: bool) -> list[Sentinel]:
    if cells.is_array or cells.info.dtype in (FILE_PATH, FILE_NAME):
        return []
    kind = kind_of(cells.column.type)
    if kind == "number" or (measured and cells.numbers is not None):
        return sentinels(cells)
    if kind == "text" and may_hold_dates_of_none(cells):
        texts = cells.different.to_pylist()
        formats = fitting_formats(texts)
        return sentinels(cells, dates=True, format=formats[0] if formats else None)
    return sentinels(cells, dates=True) if kind == "datetime" else []
