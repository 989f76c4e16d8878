"""The first rows of a source, all of its columns: what most decisions of a draft are taken from."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from dlcli.config.options.sources import Source as Said
from dlcli.config.schema import USUAL_MARKS
from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.columns.named_files import listing_folder
from dlcli.data.lint.cells import Cells
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import Reading, TableOptions
from dlcli.data.sources.source import Source
from dlcli.data.values.conversion import NotNumbers
from dlcli.data.values.notations import NUMBER
from dlcli.errors import DataError, Problem

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

    @property
    def kinds(self) -> dict[str, Kind]:
        """As what the columns were read."""
        return {name: cells.info.kind or "text" for name, cells in self.columns.items()}


def open_with(said: Said, options: TableOptions) -> Source:
    """A source, opened; nobody has written a config yet that messages could name."""
    return open_source(said, options, path="")


def glance(said: Said, *, target: str | None, reading: Reading) -> Glance:
    """Look at the first rows of a source. A file without a header is read as one, and marks among numbers as empty.

    Args:
        said: The source.
        target: Is read as it is written, so that classes keep their names; None when it is not known.
        reading: What is said of the file; the rest is found from it.

    Raises:
        DataError: The source cannot be read, or has no rows.
    """
    said_marks = tuple(mark.strip() for mark in reading.missing_values)
    options = TableOptions(reading=reading, missing_values=(*USUAL_MARKS, *said_marks), piece=PIECE)
    source = open_with(said, options)
    doubts = {doubt.rule for doubt in source.doubts()}
    looks_like_data = reading.header is None and "header-looks-like-data" in doubts
    if looks_like_data and target not in {info.name for info in source.columns()}:
        options = dataclasses.replace(options, reading=dataclasses.replace(reading, header=False))
        source = open_with(said, options)
    try:
        found = _look(source, options, reading, target)
    except DataError as error:
        if any(problem.rule != "infinite-value" for problem in error.problems):
            raise
        found = _look(source, options, reading, target, plain=True)
        if not _marks(found, target):
            raise
    if marks := _marks(found, target):
        options = dataclasses.replace(options, missing_values=(*options.missing_values, *marks))
        found = _look(open_with(said, options), options, reading, target)
    if not found.num_rows:
        raise DataError(Problem(f"'{source.name}' has no rows", hint="add rows", rule="no-rows"))
    return found


def _look(source: Source, options: TableOptions, asked: Reading, target: str | None, *, plain: bool = False) -> Glance:
    """Look at the first rows; `plain`: of a file of text as they are written, where numbers cannot be read."""
    found = source.columns(whole=False)
    infos = [info for info in found if info.name]
    readable = {info.name: info for info in infos if info.kind is not None}
    limit = _rows_of(readable.values())
    texts: frozenset[str] = frozenset() if target is None else frozenset({target})
    if plain:
        texts |= frozenset(name for name, info in readable.items() if info.kind == "number" and not info.dtype)
    while True:
        try:
            chunks, whole = _first_rows(source, _kinds(readable, texts), limit)
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


def _marks(found: Glance, target: str | None) -> tuple[str, ...]:
    """Texts that stand for an empty cell: in columns that are numbers but for them, and signs for it in the target."""
    marks: Counter[str] = Counter()
    for name, cells in found.columns.items():
        if cells.is_array or not pa.types.is_string(cells.column.type):
            continue
        values = cells.column.drop_null().unique()
        others = [each.strip() for each in _no_numbers(values).to_pylist()]
        if name == target:
            marks.update(_signs(values.to_pylist(), others))
        elif len(others) < len(values) and all(each.casefold() in _EMPTY for each in others):
            marks.update(others)
    return tuple(sorted(marks))


def _no_numbers(values: pa.Array) -> pa.Array:
    return values.filter(pc.invert(pc.match_substring_regex(values, NUMBER)))


def _signs(values: Sequence[str], others: Sequence[str]) -> list[str]:
    """Among classes what is none; `-` may be one beside `+`, and a word always may."""
    known = _SIGNS + _LINES if len(others) < len(values) else _SIGNS
    found = [each for each in others if each.casefold() in known]
    left = [each for each in values if each.strip() not in found]
    return found if len(left) > 1 and all(any(map(str.isalnum, each)) for each in left) else []
