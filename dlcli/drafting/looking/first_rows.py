"""The first rows of a source, all of its columns: what most decisions of a draft are taken from."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa

from dlcli.config.options.sources import Source as Said
from dlcli.data.columns.chunk import Chunk, Column, ColumnInfo, Kind
from dlcli.data.columns.named_files import listing_folder
from dlcli.data.lint.cells import Cells
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import Reading, TableOptions
from dlcli.data.sources.source import Source
from dlcli.data.values.conversion import NotNumbers
from dlcli.data.values.written import FormGuess

__all__ = ["Glance", "look", "open_with"]

MOST_CELLS = 1_000_000
"""Cells of the first look: a table of fifty columns shows 20,000 rows."""

FEWEST_ROWS, MOST_ROWS = 500, 100_000


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


def look(
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
    columns = {name: Cells(info, _joined([chunk.columns[name] for chunk in chunks])) for name, info in readable.items()}
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


def _joined(parts: list[Column]) -> tuple[Column, ...]:
    """Cells of one type together: what is asked of each chunk takes longer than doing it."""
    arrays = [part for part in parts if isinstance(part, pa.Array)]
    if len(parts) < 2 or len(arrays) < len(parts) or len({part.type for part in arrays}) > 1:
        return tuple(parts)
    return (pa.concat_arrays(arrays),)


def _folder(chunks: list[Chunk]) -> Path | None:
    first = chunks[0] if chunks else None
    if first is None or (first.file is None and not first.folders):
        return None
    return first.folders[0] if first.folders or first.file is None else listing_folder(first.file)
