"""A second look, row by row, at a delimited file that could not be read: where exactly, and why."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from dlcli.data.sources.delimited.blanks import output_delimiter
from dlcli.data.sources.delimited.dialect import open_rows, text_rows
from dlcli.data.sources.delimited.header import DelimitedHeader
from dlcli.data.sources.delimited.stray import comment_mark, left_out_by
from dlcli.data.sources.delimited.stream import CleanStream
from dlcli.data.sources.text import undecodable
from dlcli.errors import Problem

__all__ = ["find_faults", "line_of_row", "swallowed_rows", "unclosed_quote"]

_BLOCK = 4 << 20

LISTED = 5
"""Faults of one sort that are listed one by one."""


def find_faults(file: Path, header: DelimitedHeader) -> list[Problem]:
    """The rows of the wrong length, the quotes left open, and the bytes that are no text; empty when there are none."""
    problems: list[Problem] = []
    ragged = last = 0
    expected = len(header.names)
    try:
        for number, (line, cells) in enumerate(text_rows(file, header.dialect), start=1 - header.has_header):
            last = line
            if len(cells) == expected:
                continue
            ragged += 1
            if ragged <= LISTED:
                problems.append(_ragged(file, number, line, cells, header))
    except UnicodeDecodeError as error:
        problems.extend(undecodable(file, header.dialect.encoding, error).problems)
    except csv.Error as error:
        problems.append(_unclosed(file, last + 1, str(error)))
    if ragged > LISTED:
        problems.append(
            Problem(f"{ragged - LISTED} more rows do not have {expected} cells", file=file, rule="ragged-row")
        )
    return problems


def _ragged(file: Path, number: int, line: int, cells: list[str], header: DelimitedHeader) -> Problem:
    expected = len(header.names)
    mark = comment_mark(cells)
    if mark and comment_mark(header.names) != mark:
        hint = left_out_by(mark)
    elif expected == 1 and header.has_header:
        hint = "the first row has one cell: data.comment leaves rows out that begin with a mark, or set data.delimiter"
    elif len(cells) > expected:
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


def unclosed_quote(file: Path, header: DelimitedHeader) -> Problem | None:
    """The quote that is still open where the file ends; None when there is none."""
    last = 0
    try:
        for line, _ in text_rows(file, header.dialect):
            last = line
    except csv.Error as error:
        # Other oddities, such as text after a closing quote, are read as they stand.
        return _unclosed(file, last + 1, str(error)) if "unexpected end" in str(error) else None
    return None


def swallowed_rows(file: Path, header: DelimitedHeader) -> Problem | None:
    """The row that has others in it, because a quote was left open and one in a later row was taken for its end.

    What tells such a row from one whose cell has several lines is the text that follows the quote that ends it.
    """
    if not _has_odd_quotes(file, header):
        return None
    with open_rows(file, header.dialect) as rows:
        above = before = header.dialect.skipped
        while True:
            try:
                if next(rows, None) is None:
                    return None
            except csv.Error:
                last = above + rows.line_num
                if last > before + 1:
                    return _unclosed(file, before + 1, f"a quote in it ends on line {last}, amid a cell")
            except UnicodeDecodeError:
                return None
            before = above + rows.line_num


def _has_odd_quotes(file: Path, header: DelimitedHeader) -> bool:
    """Whether some quotation mark is not where one that opens or closes a cell stands; at the speed of the disk."""
    beside = np.frombuffer(f'{output_delimiter(header.dialect.delimiter)}\n\r"'.encode(), np.uint8)
    quotes = 0
    rest = b"\n"  # the last byte, whose neighbour is in the next block, and the one before it
    with CleanStream(file, header.dialect) as stream:
        while len(rest) > 0:
            block = bytes(stream.read(_BLOCK))
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


def line_of_row(file: Path, header: DelimitedHeader, row: int) -> int | None:
    """The 1-based line where a data row starts; None when the rows before it cannot be told apart for sure."""
    try:
        for number, (line, _) in enumerate(text_rows(file, header.dialect), start=1 - header.has_header):
            if number == row:
                return line
    except (csv.Error, UnicodeDecodeError):
        return None
    return None
