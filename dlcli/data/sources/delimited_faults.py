"""A second look, row by row, at a delimited file that could not be read: where exactly, and why."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from dlcli.data.sources.header import DelimitedHeader
from dlcli.data.sources.options import TableOptions, is_gzipped
from dlcli.data.sources.text import open_text, undecodable
from dlcli.errors import Problem

__all__ = ["find_faults", "line_of_row", "unclosed_quote"]

_BLOCK = 4 << 20

LISTED = 5
"""Faults of one sort that are listed one by one."""


def find_faults(file: Path, options: TableOptions, header: DelimitedHeader) -> list[Problem]:
    """The rows of the wrong length, the quotes left open, and the bytes that are no text; empty when there are none."""
    problems: list[Problem] = []
    ragged = last = 0
    expected = len(header.names)
    try:
        for number, (line, cells) in enumerate(_rows(file, options), start=1 - header.has_header):
            last = line
            if len(cells) == expected:
                continue
            ragged += 1
            if ragged <= LISTED:
                problems.append(_ragged(file, number, line, cells, header))
    except UnicodeDecodeError as error:
        problems.extend(undecodable(file, options, error).problems)
    except csv.Error as error:
        problems.append(_unclosed(file, last + 1, str(error)))
    if ragged > LISTED:
        problems.append(
            Problem(f"{ragged - LISTED} more rows do not have {expected} cells", file=file, rule="ragged-row")
        )
    return problems


def _ragged(file: Path, number: int, line: int, cells: list[str], header: DelimitedHeader) -> Problem:
    expected = len(header.names)
    if len(cells) > expected:
        hint = "quote cells that hold the delimiter, or set data.delimiter"
    else:
        hint = "write a delimiter for every empty cell" + (", or set data.delimiter" if len(cells) == 1 else "")
    return Problem(
        f"row {number} has {len(cells)} cell{'s' * (len(cells) != 1)}, and {expected} are expected",
        hint=hint,
        file=file,
        line=line,
        rule="ragged-row",
    )


def unclosed_quote(file: Path, options: TableOptions) -> Problem | None:
    """The quote that is still open where the file ends; None when there is none."""
    last = 0
    try:
        for line, _ in _rows(file, options):
            last = line
    except csv.Error as error:
        # Other oddities, such as text after a closing quote, are read as they stand.
        return _unclosed(file, last + 1, str(error)) if "unexpected end" in str(error) else None
    return None


def swallowed_rows(file: Path, options: TableOptions) -> Problem | None:
    """The row that has others in it, because a quote was left open and one in a later row was taken for its end.

    What tells such a row from one whose cell has several lines is the text that follows the quote that ends it.
    """
    if not _has_odd_quotes(file, options):
        return None
    with open_text(file, options) as stream:
        reader = csv.reader(stream, delimiter=options.delimiter_of(file), strict=True)
        before = 0
        while True:
            try:
                if next(reader, None) is None:
                    return None
            except csv.Error:
                if reader.line_num > before + 1:
                    return _unclosed(file, before + 1, f"a quote in it ends on line {reader.line_num}, amid a cell")
            except UnicodeDecodeError:
                return None
            before = reader.line_num


def _has_odd_quotes(file: Path, options: TableOptions) -> bool:
    """Whether some quotation mark is not where one that opens or closes a cell stands; at the speed of the disk."""
    beside = np.frombuffer(f'{options.delimiter_of(file)}\n\r"'.encode(), np.uint8)
    quotes = 0
    rest = b"\n"  # the last byte, whose neighbour is in the next block, and the one before it
    with pa.input_stream(str(file), compression="gzip" if is_gzipped(file) else None) as stream:
        while len(rest) > 0:
            block = stream.read(_BLOCK)
            data = np.frombuffer(rest + (block or b"\n"), np.uint8)
            places = np.flatnonzero(data[1:-1] == ord('"')) + 1
            closing = (quotes + np.arange(len(places))) % 2
            neighbours = np.where(closing, data[places + 1], data[places - 1])
            if not np.isin(neighbours, beside).all():
                return True
            quotes += len(places)
            rest = data[-2:].tobytes() if block else b""
    return False


def _unclosed(file: Path, line: int | None, reason: str) -> Problem:
    return Problem(
        f"the row that starts here cannot be read: {reason}",
        hint='close the quotation mark; inside of quotes it is written twice: ""',
        file=file,
        line=line,
        rule="unclosed-quote",
    )


def line_of_row(file: Path, options: TableOptions, row: int) -> int | None:
    """The 1-based line where a data row starts; None when the rows before it cannot be told apart for sure."""
    try:
        for number, (line, _) in enumerate(_rows(file, options), start=int(options.columns is not None)):
            if number == row:
                return line
    except (csv.Error, UnicodeDecodeError):
        return None
    return None


def _rows(file: Path, options: TableOptions) -> Iterator[tuple[int, list[str]]]:
    """The rows with the 1-based lines where they start; blank lines are passed over."""
    with open_text(file, options) as stream:
        reader = csv.reader(stream, delimiter=options.delimiter_of(file), strict=True)
        before = 0
        for cells in reader:
            if cells:
                yield before + 1, cells
            before = reader.line_num
