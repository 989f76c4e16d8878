"""Standard input and pipes as files: kept on the disk while they are read, for what is read is looked at twice."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import tempfile
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path

from dlcli.data.sources.access import is_gzipped
from dlcli.data.sources.registry import by_suffix, formats, sniff
from dlcli.errors import DataError, Problem

__all__ = ["NAME", "Kept", "is_stream", "keep_input"]

NAME = "standard input"
"""How messages call it."""

_ENOUGH = 1 << 16


_DESCRIPTORS = re.compile(r"/dev|/dev/fd|/proc/[^/]+/(task/[^/]+/)?fd")
"""The directories of `/dev/stdin`, and of what the shell calls `<(command)`."""


def is_stream(path: Path) -> bool:
    """Whether a path names no file of its own but a pipe, a device, or what the process was given open.

    Example:
        >>> is_stream(Path("/dev/stdin"))
        True
    """
    try:
        if not path.exists():
            return False
        return not (path.is_file() or path.is_dir()) or bool(
            _DESCRIPTORS.fullmatch(os.path.realpath(path.absolute().parent))
        )
    except OSError:
        return False


@dataclasses.dataclass(frozen=True)
class Kept:
    """What was kept of a stream.

    Args:
        file: Where.
        name: How messages call it.
    """

    file: Path
    name: str

    def renamed(self, problem: Problem) -> Problem:
        """The problem with the stream in the place of the file; and with its end, when it is the end that is wrong."""
        message, hint = (
            text.replace(f"'{self.file.name}'", self.name).replace(str(self.file), self.name)
            for text in (problem.message, problem.hint)
        )
        if problem.file != self.file:
            return dataclasses.replace(problem, message=message, hint=hint)
        if problem.line is not None and problem.line == _unfinished_line(self.file):
            hint = f"{self.name} ended in the middle of this row: did the program that writes it stop early?"
        return dataclasses.replace(problem, message=message, hint=hint, file=self.name)


@contextlib.contextmanager
def keep_input(stream: BufferedIOBase, *, suffix: str | None, name: str = NAME) -> Iterator[Kept]:
    """A temporary file of all that the stream holds; faults that are raised within speak of standard input.

    Args:
        stream: Standard input, or an open pipe.
        suffix: The suffix of its format, `.csv`; found from its first bytes when None.
        name: How messages call it.

    Raises:
        DataError: What is raised within, about standard input; or it cannot be read or kept.
    """
    with tempfile.TemporaryDirectory(prefix="dlcli-") as directory:
        start = b""
        while len(start) < _ENOUGH and (block := _read(stream, name)):
            start += block
        file = Path(directory) / f"stdin{suffix or _suffix(start)}"
        try:
            with file.open("wb") as copy:
                copy.write(start)
                while block := _read(stream, name):
                    copy.write(block)
        except OSError as error:
            message = f"cannot keep {name} in {directory}: {error.strerror or error}"
            hint = "TMPDIR names a directory with more room"
            raise DataError(Problem(message, hint=hint, rule="not-writable")) from error
        kept = Kept(file, name)
        try:
            yield kept
        except DataError as error:
            raise DataError(map(kept.renamed, error.problems)) from error


def _read(stream: BufferedIOBase, name: str) -> bytes:
    """Some bytes, or none at the end: all that are there, for a `read` that waits for more does not look at signals."""
    try:
        return stream.read1(1 << 20)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(Problem(f"{name} cannot be read: {reason}", rule="unreadable-file")) from error


def _suffix(start: bytes) -> str:
    """The suffix of the format that the first bytes are of; that of the first format when they tell of none."""
    if start.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            return _suffix(zlib.decompressobj(wbits=31).decompress(start, _ENOUGH)) + ".gz"
    return sniff(start) or formats()[0].suffixes[0]


def _unfinished_line(file: Path) -> int | None:
    """The 1-based number of the last line, when no line end follows it."""
    format = by_suffix(file)
    if format is None or not format.text or is_gzipped(file):
        return None
    lines, last = 0, b""
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + 1 if last and last != b"\n" else None
