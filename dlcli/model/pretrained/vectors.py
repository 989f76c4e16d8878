"""Vectors of words, from a text file: a word and its numbers a line, as GloVe and word2vec publish them.

Such files have millions of lines, of which a model's vocabulary needs a few thousand: they are read line by line, and
what is of other words is not kept.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from dlcli.errors import ModelError, Problem

__all__ = ["Vectors", "read_vectors"]

_GZIP = b"\x1f\x8b"
_LISTED = 5

_LONGEST = 1 << 20
"""Bytes of a line, for thousands of numbers; what is longer is none of vectors, and read in pieces."""


@dataclasses.dataclass(frozen=True)
class Vectors:
    """What a file has for some words.

    Args:
        matrix: `(words, width)` float32; zeros for a word that the file has not.
        found: `(words,)`, true where it has.
        repeated: What is said of words that it has more than once; the first counts. Empty for nothing.
        sha256: Of the file.
    """

    matrix: NDArray[np.float32]
    found: NDArray[np.bool_]
    repeated: str
    sha256: str


def read_vectors(file: Path, words: Sequence[str], *, width: int | None, path: str) -> Vectors:
    """Read the vectors of words.

    Args:
        file: Of text, gzipped or not. A first line of two numbers, as word2vec writes it, is no vector.
        words: Those that are wanted, each once.
        width: How many numbers each must have; as many as the first has when None.
        path: Where the config names the file.

    Raises:
        ModelError: The file cannot be read, its lines are not of one width or not of the one that is asked for, or
            they hold what is no number; the first few of them.
    """
    reading = _Reading(file, words, width, path)
    try:
        with file.open("rb") as opened:
            digested = _Digested(opened)
            whole = io.BufferedReader(digested, 1 << 20)
            packed = whole.peek(len(_GZIP)).startswith(_GZIP)
            reading.take(_lines(cast(BinaryIO, gzip.GzipFile(fileobj=whole)) if packed else whole))
            while whole.read(1 << 20):  # what may stand after the end of what was packed
                pass
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        hint = "a file that is cut short must be fetched again"
        message = f"the vectors in '{file}' cannot be read: {reason}"
        raise ModelError(Problem(message, path=path, hint=hint, rule="vectors-file")) from error
    return reading.result(digested.sha256.hexdigest())


class _Digested(io.RawIOBase):
    """A file that hashes what is read of it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._file.read(len(buffer))
        self.sha256.update(block)
        buffer[: len(block)] = block
        return len(block)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(_LONGEST):
        yield line


class _Reading:
    """Takes the lines of one file."""

    def __init__(self, file: Path, words: Sequence[str], width: int | None, path: str) -> None:
        self._file = file
        self._path = path
        self._words = words
        self._places = {word.encode(): place for place, word in enumerate(words)}
        self._asked = width
        self._width = 0
        self._rows: dict[int, tuple[int, NDArray[np.float32]]] = {}  # each with the number of its line
        self._repeated: list[str] = []  # the first few of them, as of what is broken
        self._broken: list[Problem] = []
        self._num_broken = 0

    def take(self, lines: Iterable[bytes]) -> None:
        """Read all lines.

        Raises:
            ModelError: The first vector is of another width than is asked for.
        """
        for number, written in enumerate(lines, start=1):
            line = written.replace(b"\t", b" ").rstrip(b" \r\n")
            if not line or (number == 1 and _is_header(line)):
                continue
            if not self._width:
                self._width = self._first_width(line, number)
            blanks = line.count(b" ")
            if blanks == self._width:
                word, _, numbers = line.partition(b" ")
                if word in self._places:
                    self._keep(word, numbers.split(b" "), number)
            else:
                # Some of GloVe's words have blanks in them.
                word, *odd = line.rsplit(b" ", self._width)
                if len(odd) != self._width or _numbers(odd) is None or _is_number(word.rpartition(b" ")[2]):
                    self._broke(number, f"has {blanks} numbers, and the first line {self._width}")
                elif word in self._places:
                    self._keep(word, odd, number)

    def result(self, sha256: str) -> Vectors:
        """What was found.

        Raises:
            ModelError: The file holds no vectors, or broken lines.
        """
        if not self._width:
            message = f"there are no vectors in '{self._file}'"
            raise ModelError(Problem(message, path=self._path, hint="see whether it is the file", rule="vectors-file"))
        if self._broken:
            more = self._num_broken - len(self._broken)
            rest = [dataclasses.replace(self._broken[0], message=f"{more:,} more lines are broken")] if more > 0 else []
            raise ModelError([*self._broken, *rest])
        matrix = np.zeros((len(self._words), self._width), np.float32)
        found = np.zeros(len(self._words), np.bool_)
        for place, (_, row) in self._rows.items():
            matrix[place], found[place] = row, True
        return Vectors(matrix, found, ", ".join(self._repeated), sha256)

    def _first_width(self, line: bytes, number: int) -> int:
        width = line.count(b" ")
        if self._asked is None or width == self._asked:
            return width
        odd = line.rsplit(b" ", self._asked)[1:]
        if width > self._asked and not _is_number(line.split(b" ")[-self._asked - 1]) and _numbers(odd) is not None:
            return self._asked
        message = f"the vectors in '{self._file}' have {width} numbers (line {number}), and output_dim is {self._asked}"
        hint = f"write output_dim: {width}, or auto" if width else "see whether it is a file of vectors"
        raise ModelError(Problem(message, path=self._path, hint=hint, rule="vectors-width"))

    def _keep(self, word: bytes, written: Sequence[bytes], number: int) -> None:
        place = self._places[word]
        numbers = _numbers(written)
        if numbers is None:
            self._broke(number, "holds what is no number, or none that is finite")
        elif place in self._rows:
            if len(self._repeated) < _LISTED:
                self._repeated.append(f"{self._words[place]!r} (lines {self._rows[place][0]:,} and {number:,})")
        else:
            self._rows[place] = number, np.array(numbers, np.float32)

    def _broke(self, number: int, what: str) -> None:
        self._num_broken += 1
        if len(self._broken) == _LISTED:
            return
        message = f"line {number:,} of the vectors in '{self._file}' {what}"
        hint = "mend the line or leave it out; or the file is not one of vectors, or cut short"
        self._broken.append(Problem(message, path=self._path, hint=hint, rule="vectors-line"))


def _is_header(line: bytes) -> bool:
    """Whether a first line is word2vec's: how many words there are, and how wide vectors are."""
    fields = line.split(b" ")
    return len(fields) == 2 and all(field.isdigit() for field in fields)


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers(fields: Sequence[bytes]) -> list[float] | None:
    """The numbers that are written; None where one is none, or none that float32 holds."""
    try:
        numbers = list(map(float, fields))
    except ValueError:
        return None
    return numbers if all(abs(number) <= _LARGEST for number in numbers) and math.isfinite(sum(numbers)) else None


_LARGEST = float(np.finfo(np.float32).max)
