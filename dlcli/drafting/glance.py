"""The first rows of a source, all of its columns: what most decisions of a draft are taken from."""

from __future__ import annotations

import dataclasses
import glob
import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlcli.config.options.number_form import NumberForm
from dlcli.config.options.sources import Source as Said
from dlcli.config.schema import USUAL_MARKS
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.chunk import FILE_NAME, FILE_PATH, Chunk, ColumnInfo, Kind
from dlcli.data.columns.date_formats import fitting_formats
from dlcli.data.columns.globs import numbered_names
from dlcli.data.columns.named_files import listing_folder
from dlcli.data.lint.cells import Cells
from dlcli.data.lint.sentinels import Sentinel, may_hold_dates_of_none, sentinels
from dlcli.data.lint.totals import is_total, names_total
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import Reading, TableOptions
from dlcli.data.sources.source import Source
from dlcli.data.types.inference import infer_target
from dlcli.data.values.conversion import NotNumbers, kind_of
from dlcli.data.values.marks import marks_of
from dlcli.data.values.notations import NUMBER
from dlcli.data.values.number_forms import NumberForms
from dlcli.data.values.written import FormGuess, find_form, read_written
from dlcli.errors import DataError, Problem, first_of

__all__ = ["Glance", "glance", "open_with"]

MOST_CELLS = 1_000_000
"""Cells of the first look: a table of fifty columns shows 20,000 rows."""

PIECE = 1 << 20
"""Bytes of text to read at a time."""

FEWEST_ROWS, MOST_ROWS = 500, 100_000

_EMPTY = (
    *("?", "-", "--", ".", "*", "missing", "unknown", "none", "nil", "n.a.", "n.d.", "#n/a", "#value!", "#div/0!"),
    *("inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"),
)
"""What is written among numbers for a cell without a value, in small letters; and what no network can take."""

_SIGNS, _LINES = ("?", "n.a.", "n.d.", "#n/a", "#value!", "#div/0!"), ("-", "--", ".")
"""What no class is called, and what none is among numbers."""


@dataclasses.dataclass(frozen=True)
class Glance:
    """The first rows.

    Args:
        source: What they are of.
        options: How it is read.
        asked: What of that was asked for.
        columns: All that have a name and can be read, in their order.
        unreadable: Columns of values that are neither texts, numbers nor moments, such as nested ones.
        nameless: How many columns have no name, and are not read.
        num_rows: How many rows were looked at.
        whole: These are all rows.
        folder: What the names of files are relative to.
        written: Of columns of texts that are numbers to a person, how they are written, or why that is not known.
        sentinels: Values that stand for a missing one, and how they are known.
    """

    source: Source
    options: TableOptions
    asked: Reading
    columns: Mapping[str, Cells]
    unreadable: tuple[str, ...]
    nameless: int
    num_rows: int
    whole: bool
    folder: Path | None
    written: Mapping[str, FormGuess] = dataclasses.field(default_factory=dict)
    sentinels: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, Kind]:
        """As what the columns were read."""
        return {name: cells.info.kind or "text" for name, cells in self.columns.items()}


def open_with(said: Said, options: TableOptions) -> Source:
    """A source, opened; nobody has written a config yet that messages could name."""
    return open_source(said, options, path="")


def glance(said: Said, *, targets: Collection[str], reading: Reading) -> Glance:
    """Look at the first rows of a source. A file without a header is read as one, and marks among numbers as empty.

    Args:
        said: The source.
        targets: Are read as they are written, so that classes keep their names; none when they are not known.
        reading: What is said of the file; the rest is found from it.

    Raises:
        DataError: The source cannot be read, or has no rows.
    """
    said_marks = tuple(mark.strip() for mark in reading.missing_values)
    options = TableOptions(reading=reading, missing_values=(*USUAL_MARKS, *said_marks), piece=PIECE)
    source = open_with(said, options)
    try:
        doubts = {doubt.rule for doubt in source.doubts()}
    except DataError as error:
        if {problem.rule for problem in error.problems} != {"duplicate-column"} or reading.header is not None:
            raise
        options, doubts = _renamed(said, options, error), set[str]()
        source = open_with(said, options)
    looks_like_data = reading.header is None and "header-looks-like-data" in doubts
    if looks_like_data and not {info.name for info in source.columns()}.intersection(targets):
        options = dataclasses.replace(options, reading=dataclasses.replace(reading, header=False))
        source = open_with(said, options)
    try:
        found = _look(source, options, reading, targets)
    except DataError as error:
        if any(problem.rule != "infinite-value" for problem in error.problems):
            raise
        found = _look(source, options, reading, targets, plain=True)
        if not _marks(found, targets):
            raise
    if marks := _marks(found, targets):
        options = dataclasses.replace(options, missing_values=(*options.missing_values, *marks))
        found = _look(open_with(said, options), options, reading, targets)
    found = _without_totals(said, found, targets)
    found = _without_sentinels(said, _as_numbers(said, found, targets), targets)
    if not found.num_rows:
        raise DataError(Problem(f"'{source.name}' has no rows", hint="add rows", rule="no-rows"))
    return found


def _renamed(said: Said, options: TableOptions, error: DataError) -> TableOptions:
    """The options with names of which none is there twice, for a file whose header has some so.

    Raises:
        DataError: The first row tells no names.
    """
    below = open_with(said, dataclasses.replace(options, reading=dataclasses.replace(options.reading, header=False)))
    infos = below.columns()
    first = next(below.chunks({info.name: "exact" for info in infos})).cut(0, 1)
    names = [(as_arrow(first.columns[info.name])[0].as_py() or "").strip() for info in infos]
    if not all(names):
        raise error
    reading = dataclasses.replace(options.reading, header=True)
    return dataclasses.replace(options, columns=numbered_names(names), reading=reading)


def _without_totals(said: Said, found: Glance, targets: Collection[str]) -> Glance:
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
    seen = _look(open_with(said, options), options, found.asked, targets)
    return seen if seen.num_rows == found.num_rows - 1 else found


def _as_numbers(said: Said, found: Glance, targets: Collection[str]) -> Glance:
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
    seen = _look(open_with(said, options), options, found.asked, set(targets) - named.keys(), measured=named.keys())
    return dataclasses.replace(seen, written=written)


def _written(found: Glance) -> dict[str, FormGuess]:
    texts = {
        name: [each.strip() for each in cells.names]
        for name, cells in found.columns.items()
        if not cells.is_array
        and pa.types.is_string(cells.column.type)
        and cells.info.dtype not in (FILE_PATH, FILE_NAME)
    }
    guesses = {name: guess for name, each in texts.items() if (guess := find_form(each)) is not None}
    if any(len(guess.readings) > 1 for guess in guesses.values()) and (decimal := _decimal(found, guesses)):
        guesses = {name: find_form(texts[name], decimal=decimal) or guess for name, guess in guesses.items()}
    return guesses


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


def _without_sentinels(said: Said, found: Glance, targets: Collection[str]) -> Glance:
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
    seen = _look(open_with(said, options), options, found.asked, set(targets) - set(measured), measured=measured)
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


def _is_measured(cells: Cells, form: NumberForm) -> bool:
    """Whether a target so written is a number, and no few classes, which keep their names."""
    numbers = read_written(cells.column, form, missing=())
    inferred, _, _ = infer_target([numbers], cells.info, classification=None, units=None)
    return inferred.kind == "number" and len(cells.different) > 2


def _look(
    source: Source,
    options: TableOptions,
    asked: Reading,
    targets: Collection[str],
    *,
    plain: bool = False,
    measured: Collection[str] = (),
) -> Glance:
    """Look at the first rows.

    Args:
        source: What they are of.
        options: How it is read.
        asked: What of that was asked for.
        targets: Columns that are read as they are written.
        plain: A file of text is read as it is written, as where numbers cannot be read.
        measured: Columns of texts that are read as numbers.
    """
    found = source.columns(whole=False)
    infos = [info for info in found if info.name]
    readable = {info.name: info for info in infos if info.kind is not None}
    limit = _rows_of(readable.values())
    texts = frozenset(targets)
    if plain:
        texts |= frozenset(name for name, info in readable.items() if info.kind == "number" and not info.dtype)
    while True:
        try:
            chunks, whole = _first_rows(source, _kinds(readable, texts) | dict.fromkeys(measured, "number"), limit)
            break
        except NotNumbers as others:
            texts |= frozenset(others.columns)
    columns = {name: Cells(info, tuple(chunk.columns[name] for chunk in chunks)) for name, info in readable.items()}
    unreadable = tuple(info.name for info in infos if info.kind is None)
    num_rows = sum(each.num_rows for each in chunks)
    return Glance(
        source, options, asked, columns, unreadable, len(found) - len(infos), num_rows, whole, _folder(chunks)
    )


def _rows_of(infos: Collection[ColumnInfo]) -> int:
    cells = sum(math.prod(info.shape) for info in infos)
    return min(max(MOST_CELLS // max(cells, 1), FEWEST_ROWS), MOST_ROWS)


def _kinds(infos: Mapping[str, ColumnInfo], texts: Collection[str]) -> dict[str, Kind]:
    """As a table is read whose config gives no types."""
    return {
        name: "text"
        if name in texts and not info.shape
        else "unsure"
        if info.kind == "number" and not info.dtype
        else info.kind or "text"
        for name, info in infos.items()
    }


def _first_rows(source: Source, kinds: Mapping[str, Kind], limit: int) -> tuple[list[Chunk], bool]:
    found: list[Chunk] = []
    left = limit
    for chunk in source.chunks(kinds):
        if chunk.num_rows and left:
            found.append(chunk.cut(0, left))
        if chunk.num_rows > left:
            break
        left -= chunk.num_rows
    else:
        return found, True
    pa.default_memory_pool().release_unused()  # what was read ahead
    return found, False


def _folder(chunks: list[Chunk]) -> Path | None:
    first = chunks[0] if chunks else None
    if first is None or (first.file is None and not first.folders):
        return None
    return first.folders[0] if first.folders or first.file is None else listing_folder(first.file)


def _marks(found: Glance, targets: Collection[str]) -> tuple[str, ...]:
    """Texts that stand for an empty cell: in columns that are numbers but for them, and signs for it in the target."""
    marks: Counter[str] = Counter()
    for name, cells in found.columns.items():
        if cells.is_array or not pa.types.is_string(cells.column.type):
            continue
        values = cells.column.drop_null().unique()
        others = [each.strip() for each in _no_numbers(values).to_pylist()]
        if name in targets:
            marks.update(_signs(values.to_pylist(), others))
        else:
            empty = [each for each in others if each.casefold() in _EMPTY]
            left = [each for each in values.to_pylist() if each.strip() not in empty]
            numbers = len(empty) == len(others) or ((form := find_form(left)) is not None and form.form is not None)
            if empty and left and numbers:
                marks.update(empty)
    return tuple(sorted(marks))


def _no_numbers(values: pa.Array) -> pa.Array:
    return values.filter(pc.invert(pc.match_substring_regex(values, NUMBER)))


def _signs(values: Sequence[str], others: Sequence[str]) -> list[str]:
    """Among classes what is none; `-` may be one beside `+`, and a word always may."""
    known = _SIGNS + _LINES if len(others) < len(values) else _SIGNS
    found = [each for each in others if each.casefold() in known]
    left = [each for each in values if each.strip() not in found]
    return found if len(left) > 1 and all(any(map(str.isalnum, each)) for each in left) else []
