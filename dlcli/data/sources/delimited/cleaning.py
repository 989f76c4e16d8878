"""Blanks around the cells of delimited text, taken away from many bytes at once.

Arrow splits and converts some hundred MB a second, and knows neither blanks around cells, nor rows that are comments,
nor cells that are parted by runs of blanks. So what it reads is tidy already. Ordinary blocks, in which no blank stands
beside a delimiter, go through as they are, after a look that takes a fraction of the time of parsing them; the others
are tidied with NumPy. Only a block with quotation marks that neither begin nor end a cell is gone through cell by cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dlcli.data.sources.delimited.blanks import BLANKS, tidy

__all__ = ["clean"]

_QUOTE, _TAB, _FEED, _RETURN, _SPACE = b'"'[0], 9, 10, 13, 32

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]

_NONE: Places = np.empty(0, np.intp)

_PIECE = 1 << 16
"""Bytes at a time that stay near the processor, and whose masks need no memory of their own from the system."""


def clean(data: bytes, delimiter: str, *, comment: str | None = None, final: bool = True) -> tuple[bytes, bytes]:
    """`tidy`, for many bytes at once.

    Args:
        data: Delimited text in UTF-8 that begins with a row.
        delimiter: One character, or `blanks`.
        comment: The mark that begins a row that is none.
        final: Nothing follows; else a last row without its end is left for the next time.

    Returns:
        The tidy rows, and the bytes that were left.
    """
    runs = delimiter == BLANKS
    if not (runs or delimiter.isascii()) or (comment and _has_comment(data, comment)):
        return _cell_by_cell(data, delimiter, comment, final)
    blanks = b" " if delimiter == "\t" else b" \t"
    quoted = b'"' in data
    marks = np.flatnonzero(np.frombuffer(data, np.uint8) == _QUOTE) if quoted else _NONE
    length = len(data) if final else _row_end(data, marks)
    rows, rest = data[:length], data[length:]
    if not rows:
        return b"", rest
    array, marks = np.frombuffer(rows, np.uint8), marks[: np.searchsorted(marks, length)]
    separators = _separators(delimiter)
    tidied = array
    if runs or _has_loose_blanks(rows, marks, separators, blanks):
        tidied = _trim(array, _inside(array) if quoted else None, separators, tabs=len(blanks) > 1, runs=runs)
        marks = np.flatnonzero(tidied == _QUOTE) if quoted else _NONE
    if quoted and not _well_formed(tidied, marks, separators if not runs else _separators("\t")):
        return _cell_by_cell(data, delimiter, comment, final)
    return (rows if tidied is array else tidied.tobytes()), rest


def _cell_by_cell(data: bytes, delimiter: str, comment: str | None, final: bool) -> tuple[bytes, bytes]:
    # Every byte as a character, so that those of other alphabets stay what they are, whether they are UTF-8 or not.
    def as_bytes(text: str) -> str:
        return text.encode().decode("latin-1")

    mark = delimiter if delimiter == BLANKS else as_bytes(delimiter)
    if len(mark) > 1 and mark != BLANKS:
        return data, b""  # Arrow refuses delimiters of several bytes
    rows, rest = tidy(data.decode("latin-1"), mark, comment=comment and as_bytes(comment), final=final)
    return rows.encode("latin-1"), rest.encode("latin-1")


def _has_comment(data: bytes, comment: str) -> bool:
    mark = comment.encode()
    return mark in data and re.search(rb"(?:\A|[\r\n])[ \t]*" + re.escape(mark), data) is not None


def _row_end(data: bytes, marks: Places) -> int:
    """The end of the last whole row: of the last line that ends outside of quotes."""
    for ending, limit in ((b"\n", len(data)), (b"\r", len(data) - 1)):  # after a carriage return a feed may come
        end = data.rfind(ending, 0, max(limit, 0))
        while end >= 0 and (before := int(np.searchsorted(marks, end))) % 2:
            end = data.rfind(ending, 0, int(marks[before - 1]))
        if end >= 0:
            return end + 1
    return 0


def _has_loose_blanks(rows: bytes, marks: Places, separators: Mask, blanks: bytes) -> bool:
    """Whether a blank stands at an end of the data or beside a separator, and in no quotes."""
    blanks = bytes(blank for blank in blanks if blank in rows)
    if not blanks:
        return False
    ends = bytes(end for end in np.flatnonzero(separators).tolist() if end in rows)
    return any((np.searchsorted(marks, places) % 2 == 0).any() for places in _beside(rows, ends, blanks))


def _beside(rows: bytes, ends: bytes, blanks: bytes) -> Iterator[Places]:
    """The blanks that stand at an end of the data, or right behind or before a separator."""
    array = np.frombuffer(rows, np.uint8)
    yield np.array([place for place in (0, len(rows) - 1) if rows[place] in blanks], np.intp)
    for start in range(0, len(array), _PIECE):
        piece = array[start : start + _PIECE + 1]
        end, blank = _is_any(piece, ends), _is_any(piece, blanks)
        for pair, place in ((end[:-1] & blank[1:], start + 1), (blank[:-1] & end[1:], start)):
            if pair.any():
                yield np.flatnonzero(pair) + place


def _is_any(array: Bytes, letters: bytes) -> Mask:
    found: Mask = array == letters[0] if letters else np.zeros(len(array), np.bool_)
    for letter in letters[1:]:
        found |= array == letter
    return found


def _ends_beside(array: Bytes, places: Places, separators: Mask) -> tuple[Mask, Mask]:
    """Of each place, whether a separator or the end of the data is right before it, and right after."""
    last = len(array) - 1
    before = separators[array[np.maximum(places - 1, 0)]] | (places == 0)
    after = separators[array[np.minimum(places + 1, last)]] | (places == last)
    return before, after


def _inside(array: Bytes) -> Mask:
    """Which bytes have an odd number of quotation marks before them, or are one that closes."""
    marks = array == _QUOTE
    # The sums run over, and stay odd or even.
    odd: Mask = (np.cumsum(marks, dtype=np.uint8) & 1).view(np.bool_)
    return np.asarray(odd | marks)


def _separators(delimiter: str) -> Mask:
    """Of each byte, whether a cell ends at it."""
    table = np.zeros(256, np.bool_)
    table[[_FEED, _RETURN]] = True
    if delimiter != BLANKS:
        table[ord(delimiter)] = True
    return table


def _trim(array: Bytes, inside: Mask | None, separators: Mask, *, tabs: bool, runs: bool) -> Bytes:
    """The bytes without the blanks beside separators; a tab for every other run where runs are delimiters."""
    blank = array == _SPACE
    if tabs:
        blank |= array == _TAB
    if inside is not None:
        blank &= ~inside
    places = np.flatnonzero(blank)
    if not len(places):
        return array
    before, after = _ends_beside(array, places, separators)
    if not runs and not before.any() and not after.any():
        return array
    # Of each run of blanks: where it begins and ends among `places`.
    breaks = np.flatnonzero(np.diff(places) != 1)
    starts, ends = np.concatenate(([0], breaks + 1)), np.concatenate((breaks, [len(places) - 1]))
    gone = before[starts] | after[ends]
    keep = np.ones(len(array), np.bool_)
    lengths = ends - starts + 1
    keep[places[np.repeat(gone | runs, lengths)]] = False
    if runs:
        array = array.copy()
        kept = places[starts[~gone]]
        array[kept] = _TAB
        keep[kept] = True
    return array[keep]


def _well_formed(array: Bytes, marks: Places, separators: Mask) -> bool:
    """Whether every quotation mark begins a cell, ends one, or is one of two; then those inside of quotes are known."""
    if not len(marks):
        return True
    if len(marks) % 2:  # the last one is open, which may be as it is
        marks = np.append(marks, len(array))
    opening, closing = marks[::2], marks[1::2]
    doubled = np.zeros(len(opening), np.bool_)  # one that opens right after one that closes
    doubled[1:] = opening[1:] == closing[:-1] + 1
    begins = separators[array[np.maximum(opening - 1, 0)]] | (opening == 0) | doubled
    last = len(array) - 1
    ends = separators[array[np.minimum(closing + 1, last)]] | (closing >= last)
    ends[:-1] |= doubled[1:]
    return bool(begins.all() and ends.all())
