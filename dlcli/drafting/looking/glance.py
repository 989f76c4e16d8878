"""A source, looked at until its cells are what they were meant to be."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from dlcli.config.options.sources import Source as Said
from dlcli.config.schema import USUAL_MARKS
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.globs import numbered_names
from dlcli.data.sources.options import Reading, TableOptions
from dlcli.drafting.looking.disguises import as_numbers, without_sentinels, without_totals
from dlcli.drafting.looking.first_rows import Glance, look, open_with
from dlcli.drafting.looking.marks import find_marks
from dlcli.errors import DataError, Problem

__all__ = ["glance"]

PIECE = 1 << 18
"""Bytes of text to read at a time."""


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
        found = look(source, options, reading, targets)
    except DataError as error:
        if any(problem.rule != "infinite-value" for problem in error.problems):
            raise
        found = look(source, options, reading, targets, plain=True)
        if not find_marks(found, targets):
            raise
    if marks := find_marks(found, targets):
        options = dataclasses.replace(options, missing_values=(*options.missing_values, *marks))
        found = look(open_with(said, options), options, reading, targets)
    found = without_totals(said, found, targets)
    found = without_sentinels(said, as_numbers(said, found, targets), targets)
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
