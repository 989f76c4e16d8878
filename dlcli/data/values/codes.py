"""Codes: what would be numbers but for their leading zeros, such as `007`. They are looked for at the speed of memory,
for that is how numbers are read."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["CodeSeeker", "has_codes"]

_CODE = r"^\s*[+-]?0[0-9]"
_ZERO = ord("0")
_SIGN = np.array([ord("+"), ord("-")], np.uint8)
_BLANK = np.array([ord(" "), ord("\t")], np.uint8)
_PIECE = 1 << 17
"""Bytes at a time that stay near the processor."""
_SEAM = 32
"""Bytes on both sides of a seam between two blocks, in which a cell may stand."""


def has_codes(texts: pa.Array) -> bool:
    """Whether some of a column's texts (`string`) are numbers with leading zeros.

    Example:
        >>> has_codes(pa.array(["12", "007"])), has_codes(pa.array(["0", "0.7"]))
        (True, False)
    """
    _, offsets, data = texts.buffers()
    letters = np.frombuffer(data or b"", np.uint8)
    if not len(letters):
        return False
    ends = np.frombuffer(offsets, np.int32, count=len(texts) + 1, offset=texts.offset * 4)
    starts, sizes = ends[:-1], np.diff(ends)

    def at(place: int) -> NDArray[np.uint8]:
        return letters.take(starts + place, mode="clip")

    first, second = at(0), at(1)
    if (np.isin(first, _BLANK) & (sizes > 0)).any():
        return bool(pc.any(pc.match_substring_regex(texts, _CODE)).as_py())
    zero = (first == _ZERO) & (sizes > 1) & _are_digits(second)
    signed = np.isin(first, _SIGN) & (second == _ZERO) & (sizes > 2)
    return bool(zero.any()) or (bool(signed.any()) and bool((signed & _are_digits(at(2))).any()))


class CodeSeeker:
    """Looks for cells with leading zeros in the bytes of a delimited file, block by block.

    Args:
        delimiter: Between the cells.
    """

    def __init__(self, delimiter: str) -> None:
        self.found = False
        self._cell = rf'[{re.escape(delimiter)}\n\r"] *[+-]?0[0-9]'
        self._end = b"\n"

    def look(self, data: bytes) -> None:
        """Take in the next bytes; `found` stays true once there was such a cell, whatever its column."""
        if self.found or not data:
            return
        seam = self._end + data[:_SEAM]
        self.found = re.search(self._cell.encode(), seam) is not None or (_has_zeros(data) and self._match(data))
        self._end = (self._end + data[-_SEAM:])[-_SEAM:]

    def _match(self, data: bytes) -> bool:
        ends = pa.py_buffer(np.array([0, len(data)], np.int32))
        whole = pa.Array.from_buffers(pa.binary(), 1, [None, ends, pa.py_buffer(data)])
        return bool(pc.match_substring_regex(whole, self._cell)[0].as_py())


def _has_zeros(data: bytes) -> bool:
    """Whether a zero stands before a digit, and behind no digit, letter or point: most files of numbers have none."""
    letters = np.frombuffer(data, np.uint8)
    for start in range(0, len(letters), _PIECE):
        part = letters[start : start + _PIECE + 2]
        if ((part[1:-1] == _ZERO) & ~_inside(part[:-2]) & _are_digits(part[2:])).any():
            return True
    return False


def _inside(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Points and digits, behind which a zero is no leading one."""
    return letters - np.uint8(ord(".")) < 12  # the slash, which stands between them, is in dates


def _are_digits(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return letters - np.uint8(_ZERO) < 10
