"""A few columns cut out of delimited text, before anything takes it apart: the others are stepped over.

Only what is perfectly regular is cut: rows of as many cells as there are columns, quotation marks that begin a cell,
end one or are one of two, and ends of lines that are those of rows. Anything else is left to what reads the text as a
whole, and knows of faults. The cells come as they are written, with their quotes and blanks.

Where marks stand is kept in bits, 64 bytes of text to a word. So what is in quotes is a running sum over few words, and
a delimiter is found by counting: a list of all of them took longer to make than all the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Narrowing", "NotRegular"]

_FEED, _RETURN, _QUOTE = b"\n"[0], b"\r"[0], b'"'[0]

PIECE = 1 << 19
"""Bytes that are looked at at a time: what is told of them stays near the processor."""

LONGEST = 4 << 20
"""Bytes of a row that is waited for."""

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]
"""64 places each, the first in the lowest bit."""

_ONE, _THREE, _EIGHT, _LAST = np.uint64(1), np.uint64(3), np.uint64(8), np.uint64(63)
_ALL, _BYTE = np.uint64(2**64 - 1), np.uint64(255)
_EACH_BYTE, _HIGH_BITS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)

_NTH_OF_BYTE = np.zeros((256, 8), np.int64)
for _byte in range(256):
    _set = [place for place in range(8) if _byte >> place & 1]
    _NTH_OF_BYTE[_byte, : len(_set)] = _set


class NotRegular(Exception):
    """The text has to be taken apart as a whole."""


class Narrowing:
    """A text that comes in pieces, without all but a few of its columns.

    Args:
        delimiter: One ASCII character.
        width: How many columns there are, two or more.
        columns: The places of those that are kept, in ascending order, at least one.
    """

    def __init__(self, delimiter: str, width: int, columns: Sequence[int]) -> None:
        self._delimiter, self._width = ord(delimiter), width
        self._runs = _runs(columns)
        self._held = bytearray(PIECE + 64)
        self._length = 0

    def read(self, readinto: Callable[[Any], int]) -> tuple[bytes, bool]:
        """Read the next piece.

        Args:
            readinto: Fills a buffer from its beginning, and tells how many bytes it did; 0 at the end.

        Returns:
            The rows that are whole, without the other columns, and whether these are the last.

        Raises:
            NotRegular: Something is not as it is in ordinary files.
        """
        if len(self._held) < self._length + PIECE:
            self._held = self._held + bytes(PIECE + len(self._held) % 64)
        with memoryview(self._held) as held:
            count = readinto(held[self._length : self._length + PIECE])
        ended = not count
        self._length += count
        # The last row waits for the next piece. Lines without anything are none at the end, and anywhere else no row.
        end = _without_line_ends(self._held, self._length)
        if ended and end:
            self._held[end] = _FEED
            end += 1
        marks = self._marks(end)
        if marks is None:
            if (ended and end) or self._length > LONGEST:
                raise NotRegular
            return b"", ended
        cells = self._cells(marks)
        left = self._held[marks.end : self._length]
        self._held[: len(left)], self._length = left, len(left)
        return cells, ended

    def _marks(self, end: int) -> _Marks | None:
        """Those of the whole rows; None where there are none yet.

        Raises:
            NotRegular: Not all rows are of the width, or their quotes are not sure.
        """
        text = np.frombuffer(self._held, np.uint8, end)
        feeds, between = _words(text == _FEED), _words(text == self._delimiter)
        returns = _words(text == _RETURN) if self._held.find(b"\r", 0, end) >= 0 else None
        if self._held.find(b'"', 0, end) >= 0:
            separators = feeds | between if returns is None else feeds | between | returns
            outside = ~_inside(_words(text == _QUOTE), separators, length=end)
            feeds, between = feeds & outside, between & outside
            returns = None if returns is None else returns & outside
        if returns is not None and (returns & ~_ahead(feeds)).any():
            raise NotRegular
        rows = _places(feeds)
        if not len(rows):
            return None
        before = np.zeros(len(between) + 1, np.int64)
        np.cumsum(np.bitwise_count(between), out=before[1:])
        words = rows >> 6
        told = before[words] + np.bitwise_count(between[words] & ((_ONE << (rows & 63).astype(np.uint64)) - _ONE))
        if not np.array_equal(told, np.arange(1, len(rows) + 1) * (self._width - 1)):
            raise NotRegular
        return _Marks(rows, between, before, self._width)

    def _cells(self, marks: _Marks) -> bytes:
        """Those of the columns, each with what follows it."""
        ranges = np.empty((2, len(marks.rows), len(self._runs)), np.int64)
        for place, (first, last) in enumerate(self._runs):
            ranges[0, :, place] = marks.ends(first - 1)
            ranges[1, :, place] = marks.ends(last)
        begins, ends = ranges.reshape(2, -1)
        stops = np.cumsum(ends - begins)
        picked = np.repeat(ends - stops, ends - begins)
        picked += np.arange(len(picked))
        cells = np.frombuffer(self._held, np.uint8)[picked]
        cells[stops[len(self._runs) - 1 :: len(self._runs)] - 1] = _FEED
        return cells.tobytes()


@dataclasses.dataclass(frozen=True)
class _Marks:
    """Where rows and cells end.

    Args:
        rows: The end of each row.
        between: The delimiters that are in no quotes.
        before: How many of these there are before each word.
        width: Cells of a row.
    """

    rows: Places
    between: Words
    before: Places
    width: int

    @property
    def end(self) -> int:
        """Behind the last row."""
        return int(self.rows[-1]) + 1

    def ends(self, column: int) -> Places:
        """Behind the cell of a column, and what follows it, in each row; -1: where the row begins."""
        if column == self.width - 1:
            return self.rows + 1
        if column < 0:
            return np.concatenate((np.zeros(1, np.int64), self.rows[:-1] + 1))
        wanted = np.arange(len(self.rows)) * (self.width - 1) + column
        words = np.searchsorted(self.before, wanted, side="right") - 1
        return (words << 6) + _nth(self.between[words], wanted - self.before[words]) + 1


def _runs(columns: Sequence[int]) -> list[tuple[int, int]]:
    """The first and the last of those that stand side by side."""
    runs: list[tuple[int, int]] = []
    for column in columns:
        if runs and runs[-1][1] == column - 1:
            runs[-1] = (runs[-1][0], column)
        else:
            runs.append((column, column))
    return runs


def _without_line_ends(text: bytearray, end: int) -> int:
    while end and text[end - 1] in (_FEED, _RETURN):
        end -= 1
    return end


def _words(marks: NDArray[np.bool_]) -> Words:
    packed = np.packbits(marks, bitorder="little")
    if len(packed) % 8:
        packed = np.concatenate((packed, np.zeros(-len(packed) % 8, np.uint8)))
    words: Words = packed.view("<u8")
    return words


def _places(words: Words) -> Places:
    """Those of all bits that are set."""
    found = np.flatnonzero(words)
    marked = words[found]
    counts = np.bitwise_count(marked)
    if len(counts) == int(counts.sum(dtype=np.int64)):
        places: Places = (found << 6) + np.bitwise_count(marked - _ONE)
        return places
    number = np.arange(int(counts.sum(dtype=np.int64))) - np.repeat(np.cumsum(counts, dtype=np.int64) - counts, counts)
    every = np.repeat(found, counts)
    return (every << 6) + _nth(words[every], number)


def _nth(words: Words, wanted: Places) -> Places:
    """In each word, the place of a bit that is set: of the first for 0, of the second for 1."""
    # The bits up to and with each byte, and a high bit in each byte for those that have not enough.
    upto = np.bitwise_count(words.view(np.uint8)).view("<u8") * _EACH_BYTE
    number = wanted.astype(np.uint64)
    shifts = np.bitwise_count(((number * _EACH_BYTE | _HIGH_BITS) - upto) & _HIGH_BITS).astype(np.uint64) << _THREE
    left = number - (((upto << _EIGHT) >> shifts) & _BYTE)
    places: Places = shifts.astype(np.int64) + _NTH_OF_BYTE[(words >> shifts) & _BYTE, left]
    return places


def _ahead(words: Words) -> Words:
    """What is set at each next place."""
    ahead = words >> _ONE
    ahead[:-1] |= words[1:] << _LAST
    return ahead


def _behind(words: Words) -> Words:
    """What is set at each place before."""
    behind = words << _ONE
    behind[1:] |= words[:-1] >> _LAST
    return behind


def _inside(quotes: Words, separators: Words, *, length: int) -> Words:
    """What is in quotes, from the mark that opens to the byte before the one that closes.

    Raises:
        NotRegular: One of the marks neither begins a cell nor ends one, nor is one of two.
    """
    inside = quotes.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        inside ^= inside << np.uint64(shift)
    # Whether an odd number stands before a word: all of its bits are the others then.
    odd = np.bitwise_xor.accumulate(inside >> _LAST)
    inside[1:] ^= odd[:-1] * _ALL
    opening, closing = quotes & inside, quotes & ~inside
    behind, ahead = _behind(separators | closing), _ahead(separators | opening)
    behind[0] |= _ONE
    ahead[-1] |= _ONE << np.uint64((length - 1) % 64)  # what follows the last byte is not known yet
    if (opening & ~behind).any() or (closing & ~ahead).any():
        raise NotRegular
    return inside
