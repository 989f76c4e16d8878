"""Consecutive rows as they were read, made a chunk of the kinds that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from dlcli.data.columns.chunk import Chunk, Column, Kind
from dlcli.data.values.arrays import as_cells, convert_array, holds_numbers
from dlcli.data.values.conversion import CellFault, NotNumbers, convert, plain
from dlcli.data.values.lists import convert_lists, is_list
from dlcli.data.values.marks import found_marks
from dlcli.data.values.number_forms import USUAL, NumberForms
from dlcli.data.values.sightings import Sightings
from dlcli.data.values.written import read_written
from dlcli.errors import DataError, Problem

__all__ = ["typed_chunk"]


def typed_chunk(
    arrays: Mapping[str, Column],
    kinds: Mapping[str, Kind],
    *,
    missing: Iterable[str],
    forms: NumberForms = USUAL,
    num_rows: int,
    start: int,
    file: Path | None,
    line_of: Callable[[int], int | None] = lambda row: None,
    sightings: Sightings | None = None,
    folders: tuple[Path, ...] = (),
) -> Chunk:
    """Convert the columns of consecutive rows, reporting the faults of all columns together.

    Args:
        arrays: The columns as they were read.
        kinds: What each is to become.
        missing: Texts that count as empty.
        forms: How the numbers of some columns are written.
        num_rows: How many rows.
        start: Number of the first row in its file, from 0.
        file: The file, for messages.
        line_of: From a 1-based data row to its line in the file, where there are lines; asked only for faults.
        sightings: Told which of the marks for empty cells there are.
        folders: See `Chunk`.

    Raises:
        DataError: Cells are not of the kind that is wanted.
        NotNumbers: Columns that were read as `unsure` are none of numbers.
    """
    words = tuple(missing)
    columns: dict[str, Column] = {}
    problems: list[Problem] = []
    others: list[str] = []
    marks: dict[str, Mapping[str, int]] = {}
    for name, values in arrays.items():
        try:
            if isinstance(values, np.ndarray):
                if holds_numbers(values):
                    if sightings is not None:
                        sightings.see_numbers(values)
                    columns[name] = convert_array(values, kinds[name], missing=words)
                    continue
                values = as_cells(values)
            if is_list(values):
                columns[name] = convert_lists(values, kinds[name], missing=words)
                continue
            if sightings is not None:
                sightings.see_cells(values)
            form = forms.of(name) if kinds[name] == "number" else None
            if form is not None:
                columns[name] = read_written(values, form, missing=words)
                continue
            columns[name] = cells = convert(values, kinds[name], missing=words)
            if kinds[name] not in ("number", "unsure", "exact") and cells.null_count > values.null_count:
                marks[name] = found_marks(plain(values), cells)
                if sightings is not None:
                    sightings.see_names(marks[name])
        except CellFault as fault:
            row = start + fault.index + 1
            problems.append(fault.problem(name, row=row).at(file, line_of(row)))
        except NotNumbers:
            others.append(name)
    if problems:
        raise DataError(problems)
    if others:
        raise NotNumbers(*others)
    return Chunk(columns, num_rows, start, file, marks, folders=folders)
