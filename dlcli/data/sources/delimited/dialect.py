"""What a delimited file is written in: its encoding, what stands above the first row, and between the cells.

Whatever is not said is found from the first rows. Imports nothing heavy: the first stage of `check` looks here.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import itertools
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, TextIO

from dlcli.data.sources.access import unreadable
from dlcli.data.sources.delimited.blanks import BLANKS, lines_of, output_delimiter, tidy_lines
from dlcli.data.sources.delimited.stray import comment_mark
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.text import find_encoding, open_text, undecodable
from dlcli.errors import DataError, Problem

__all__ = ["Dialect", "Sample", "find_dialect", "text_rows"]

SAMPLE = 1 << 16
"""Characters that are looked at; more, where a row is longer."""

LONGEST = 4 << 20
"""Characters of a row that is looked at as a whole."""

ROWS = 200
"""Rows that are looked at."""

# Python's own reader, which looks where Arrow reads, would end at a cell of 131,072 characters: a long text.
csv.field_size_limit(max(csv.field_size_limit(), 1 << 30))

MOST_TITLES = 10
"""Lines above a table that are looked at."""

_AROUND = ' \t\r\n,;|"'
"""What may be beside a title, which has no cells beside it."""

_NUMBER = re.compile(r"\s*[-+$€£]?\s*[0-9][0-9.,]*\s*[%€$£]?\s*")

CANDIDATES = (",", ";", "\t", "|", BLANKS)

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[,;\t|]*[\r\n]*', re.IGNORECASE)
"""The first line by which Excel is told."""


@dataclasses.dataclass(frozen=True, slots=True)
class Dialect:
    """How the text of a file is to be taken apart.

    Args:
        encoding: Of its bytes.
        delimiter: Between the cells: one character, or `blanks`.
        comment: What begins a row that is none.
        skipped: Lines above the first row.
        doubts: What may be otherwise.
    """

    encoding: str
    delimiter: str
    comment: str | None = None
    skipped: int = 0
    doubts: tuple[Problem, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """A dialect, and the first rows as it reads them.

    Args:
        dialect: The dialect.
        rows: The first rows, blank lines left out; none of a file without any.
        goes_on: There is more than these rows: the file is longer, or one of them cannot be taken apart.
    """

    dialect: Dialect
    rows: tuple[tuple[str, ...], ...]
    goes_on: bool = False


def find_dialect(file: Path, options: TableOptions) -> Sample:
    """Look at the top of a file.

    Raises:
        DataError: Another encoding, a binary or truncated file, a first row that cannot be read.
    """
    encoding = find_encoding(file, options)
    try:
        with open_text(file, encoding.name) as stream:
            text, whole = _top(stream)
    except UnicodeDecodeError as error:
        raise undecodable(file, encoding.name, error) from None
    except (EOFError, OSError, zlib.error) as error:
        raise unreadable(file, error) from None
    reading = options.reading
    lines = list(lines_of(text))
    skipped, said = _above(lines, reading.delimiter, reading.comment)
    marked = 0 if reading.comment is not None or said else _marked(lines[skipped:])
    look = _Look(file, lines[skipped + marked :], reading.comment, whole)
    titles, shown = (0, None) if reading.header is False or marked else _titles(look, reading.delimiter or said)
    title = look.lines[0].strip(_AROUND) if titles else ""
    skipped, look = skipped + titles, dataclasses.replace(look, lines=look.lines[titles:])
    delimiter = reading.delimiter or said or shown or _delimiter(look, options)
    if marked:
        skipped += _comments_above(lines[skipped:], marked, delimiter)
        look = dataclasses.replace(look, lines=lines[skipped:])
    doubts = () if encoding.doubt is None else (encoding.doubt,)
    if titles:
        doubts = (*doubts, _title_above(file, title, skipped - titles + 1))
    rows, broken = look.read(delimiter)
    if broken is not None and not rows:
        message = f"the first row cannot be read: {broken}"
        raise DataError(Problem(message, file=file, line=1, rule="header"))
    dialect = Dialect(encoding.name, delimiter, reading.comment, skipped, doubts)
    return Sample(dialect, rows, goes_on=not whole or broken is not None)


def _top(stream: TextIO) -> tuple[str, bool]:
    """The first lines, and whether they are all."""
    text = stream.read(SAMPLE)
    piece = text
    while piece and text.count("\n") < 2 and text.count("\r") < 2 and len(text) < LONGEST:
        piece = stream.read(SAMPLE)
        text += piece
    return text, not stream.read(1)


@dataclasses.dataclass(frozen=True, slots=True)
class _Look:
    """The first lines, which can be taken apart in several ways."""

    file: Path
    lines: Sequence[str]
    comment: str | None
    whole: bool

    def rows(self, delimiter: str) -> tuple[tuple[str, ...], ...]:
        """The rows; without the last one when that may go on below."""
        return self.read(delimiter)[0]

    def read(self, delimiter: str) -> tuple[tuple[tuple[str, ...], ...], csv.Error | None]:
        """The rows, and what ended them too early, if anything did."""
        starts = range(0, len(self.lines), ROWS)  # what is below the rows that are wanted need not be tidied
        texts = ("".join(self.lines[start : start + ROWS]) for start in starts)
        pieces = tidy_lines(texts, delimiter, comment=self.comment)
        rows: list[tuple[str, ...]] = []
        broken = None
        try:
            reader = csv.reader(pieces, delimiter=output_delimiter(delimiter))
            rows.extend(tuple(row) for row in itertools.islice(filter(None, reader), ROWS + 1))
        except csv.Error as error:
            broken = error
        return tuple(rows[:-1] if not self.whole and 1 < len(rows) <= ROWS else rows[:ROWS]), broken

    def width(self, delimiter: str) -> int:
        """Of all rows; 0 when they are not of one, or when runs of blanks part no more than a header."""
        rows = self.rows(delimiter)
        rows = tuple(row for row in rows if not comment_mark(row)) or rows
        widths = {len(row) for row in rows}
        return widths.pop() if len(widths) == 1 and (delimiter != BLANKS or len(rows) > 1) else 0


def _above(lines: Sequence[str], delimiter: str | None, comment: str | None) -> tuple[int, str | None]:
    """Lines above the first row, and the delimiter that one of them says."""
    skipped = 0
    for line in lines:
        if line.strip("\r\n \t" if delimiter != "\t" else "\r\n ") and not (
            comment and line.lstrip(" \t").startswith(comment)
        ):
            break
        skipped += 1
    said = _SEPARATOR_LINE.fullmatch(lines[skipped]) if skipped < len(lines) else None
    return (skipped, None) if said is None else (skipped + 1, said[1])


def _marked(lines: Sequence[str]) -> int:
    """How many of the first lines begin with `#`; none, when all do."""
    count = sum(1 for _ in itertools.takewhile(lambda line: line.startswith("#"), lines))
    return count if count < len(lines) else 0


def _comments_above(lines: Sequence[str], marked: int, delimiter: str) -> int:
    """How many of the marked lines are comments: the last is the header, if it has as many cells as the row below."""
    last, first = (_cells(line, delimiter) for line in lines[marked - 1 : marked + 1])
    return marked if last != first else marked - 1


def _cells(line: str, delimiter: str) -> int:
    row = next(csv.reader(tidy_lines([line], delimiter), delimiter=output_delimiter(delimiter)), [])
    return len(row)


def _titles(look: _Look, delimiter: str | None) -> tuple[int, str | None]:
    """How many lines stand above the table, as in what was exported for people: each is one text, or blank; and what
    parts the cells below them.

    What is below them is a table that nobody could take for another: names, and rows of numbers under some of them.
    """
    above = list(itertools.islice(look.lines, MOST_TITLES + 1))
    for mark in [delimiter] if delimiter is not None else [mark for mark in CANDIDATES if mark != BLANKS]:
        ends = (place for place, line in enumerate(above) if mark in line.strip(_AROUND) or comment_mark([line]))
        count = next(ends, len(above))
        if 0 < count < min(len(look.lines), MOST_TITLES + 1):
            below = dataclasses.replace(look, lines=look.lines[count:])
            if _is_table(below.rows(mark)):
                return count, mark
    return 0, None


def _is_table(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a row of names has rows of its width below it, with numbers under one of them."""
    fitting = [row for row in rows[1:] if len(row) == len(rows[0])]  # others are faults of the table, told as such
    if len(fitting) < max(2, len(rows) / 2) or len(rows[0]) < 2:
        return False
    if not all(cell.strip() and not _NUMBER.fullmatch(cell) for cell in rows[0]):
        return False
    columns = zip(*fitting, strict=True)
    return any(all(_NUMBER.fullmatch(cell) for cell in column if cell.strip()) and any(column) for column in columns)


def _title_above(file: Path, title: str, line: int) -> Problem:
    return Problem(
        f"{title!r} is taken for a title above the table, and is passed over",
        hint="take it out of the file, and the table begins with its first line",
        file=file,
        line=line,
        rule="stray-line",
    )


def _delimiter(look: _Look, options: TableOptions) -> str:
    """What parts the cells: what the name or the training says, unless the rows contradict it."""
    trained = options.trained
    usual = "\t" if ".tsv" in look.file.suffixes[-2:] else ","
    if trained is not None and trained.like.delimiter is not None and trained.like.delimiter != usual:
        order = tuple(dict.fromkeys((trained.like.delimiter, usual, *CANDIDATES)))
    else:
        order = tuple(dict.fromkeys((usual, *CANDIDATES)))
    if trained is not None:
        for mark in order:
            if trained.needed <= set(next(iter(look.rows(mark)), ())):
                return mark
        widths = {len(layout) for layout in trained.layouts}
        fitting = [mark for mark in order if look.width(mark) in widths]
        if fitting:
            # Commas may be decimal, and may fit by chance.
            beside = [mark for mark in fitting if mark not in (",", BLANKS)]
            decimal = fitting[0] == "," and any(_in_every_row(look.rows(","), mark) for mark in beside)
            return beside[0] if decimal else fitting[0]
    rows = look.rows(usual)
    others = [mark for mark in CANDIDATES if mark != usual]
    if rows and len(rows[0]) > 1 and not _contradicted(look, usual, rows):
        return usual
    if rows and len(rows[0]) > 1:
        others.remove(BLANKS)
    else:  # the first row alone may be a comment
        others.insert(0, usual)
    best = max(others, key=look.width)  # of equals the first
    return best if look.width(best) > 1 else usual


def _contradicted(look: _Look, usual: str, rows: Sequence[Sequence[str]]) -> bool:
    """Whether another mark parts all rows alike, the header too, and commas are decimal, or parts of texts."""
    if usual != "," or len(rows) < 2:
        return False
    width = look.width(usual)
    return any(
        look.width(mark) >= max(width, 2) and (width == 0 or _in_every_row(rows, mark))
        for mark in CANDIDATES
        if mark not in (usual, BLANKS)
    )


def _in_every_row(rows: Sequence[Sequence[str]], mark: str) -> bool:
    return all(mark in "".join(row) for row in rows)


class Rows(Protocol):
    """What `csv.reader` gives."""

    @property
    def line_num(self) -> int:
        """Lines that have been read, those of the last row included."""
        ...

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


@contextlib.contextmanager
def open_rows(file: Path, dialect: Dialect) -> Iterator[Rows]:
    """The rows of a file as Python's `csv` reads them, lines being counted from the first row on. Slow, and exact."""
    with open_text(file, dialect.encoding) as stream:
        for _ in range(dialect.skipped):
            stream.readline()
        pieces = iter(lambda: stream.read(SAMPLE), "")
        lines = tidy_lines(pieces, dialect.delimiter, comment=dialect.comment)
        yield csv.reader(lines, delimiter=output_delimiter(dialect.delimiter), strict=True)


def text_rows(file: Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file with the 1-based lines where they start; blank lines are passed over. Slow, and exact.

    Raises:
        csv.Error: A row that cannot be read.
        UnicodeDecodeError: Bytes that are no text.
    """
    with open_rows(file, dialect) as rows:
        before = dialect.skipped
        for cells in rows:
            if cells:
                yield before + 1, cells
            before = dialect.skipped + rows.line_num
