"""Files as they lie on the disk: whether they can be read, gzipped or not, and what they begin with."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from dlcli.errors import DataError, Problem

__all__ = [
    "about_lines",
    "check_readable",
    "is_deflated",
    "is_gzipped",
    "may_hold",
    "open_bytes",
    "start_of",
    "unreadable",
]

GLANCE = 1 << 20
"""Bytes of a text file that are looked at to tell how many lines it has."""


_MOST_DEFLATED = 1040
"""Bytes that one byte of a gzipped file may stand for, by the format."""


def is_gzipped(file: Path) -> bool:
    """Whether the file's name says that it is gzipped."""
    return file.suffix.lower() == ".gz"


def is_deflated(file: Path) -> bool:
    """Whether it is gzipped, by its first bytes: MNIST's files are passed on with and without the suffix, whatever they
    are. False for a file that cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(2) == b"\x1f\x8b"
    except OSError:
        return False


def check_readable(file: Path) -> None:
    """Refuse files that cannot be opened or hold nothing.

    Raises:
        DataError: Not permitted (`unreadable-file`) or empty (`empty-file`).
    """
    try:
        with file.open("rb") as stream:
            if not stream.read(1):
                raise DataError(
                    Problem("the file is empty", hint="see what was to write it", file=file, rule="empty-file")
                )
    except OSError as error:
        raise unreadable(file, error) from None


def start_of(file: Path, size: int) -> bytes:
    """The first bytes, decompressed.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        with gzip.open(file) if is_deflated(file) else file.open("rb") as stream:
            return stream.read(size)
    except (EOFError, OSError, zlib.error) as error:
        raise unreadable(file, error) from None


def may_hold(file: Path, size: int) -> bool:
    """Whether a file can hold so many bytes at all: a header may say what it likes."""
    return size <= file.stat().st_size * (_MOST_DEFLATED if is_deflated(file) else 1)


@contextlib.contextmanager
def open_bytes(file: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed.

    Raises:
        DataError: The file cannot be read, within the context too; EOFError there means that it is cut short.
    """
    try:
        with gzip.open(file) if is_deflated(file) else file.open("rb") as stream:
            yield cast(IO[bytes], stream)
    except EOFError as error:
        if is_deflated(file):
            raise unreadable(file, error) from None
        message = f"'{file.name}' is no whole file: {error}"
        hint = "the file is damaged, cut short or of another format; copy it again"
        raise DataError(Problem(message, hint=hint, file=file, rule="damaged-file")) from None
    except (OSError, zlib.error) as error:
        raise unreadable(file, error) from None


def about_lines(file: Path) -> int | None:
    """About how many lines a text has, by those that its first bytes hold; None when it does not say."""
    if is_gzipped(file):
        return None
    try:
        with file.open("rb") as stream:
            glance = stream.read(GLANCE)
        lines = glance.count(b"\n")
        return round(file.stat().st_size * lines / len(glance)) if lines else None
    except OSError:
        return None


def unreadable(file: Path, error: BaseException) -> DataError:
    """A file that cannot be read to its end: the system refuses, or it is gzipped and cannot be decompressed."""
    if isinstance(error, OSError) and (error.errno or not (is_gzipped(file) or is_deflated(file))):
        reason = error.strerror or str(error)
        return DataError(Problem(f"the file cannot be read: {reason}", file=file, rule="unreadable-file"))
    return DataError(
        Problem(
            f"'{file.name}' cannot be decompressed: {str(error).lower() or 'it is cut short'}",
            hint="the file is damaged, cut short or not gzipped; copy it again",
            file=file,
            rule="damaged-file",
        )
    )
