"""Standard input as a file: kept on the disk while it is read, for what is read is looked at more than once."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dlcli.data.sources.options import FORMATS
from dlcli.errors import DataError, Problem

__all__ = ["NAME", "keep_input"]

NAME = "standard input"
"""How messages call it."""

_ENOUGH = 1 << 16


@contextlib.contextmanager
def keep_input(stream: BinaryIO, *, suffix: str | None) -> Iterator[Path]:
    """A temporary file of all that the stream holds; messages about the file speak of standard input.

    Args:
        stream: Standard input.
        suffix: The suffix of its format, `.csv`; found from its first bytes when None.

    Raises:
        DataError: What is raised within, about standard input; or it cannot be kept.
    """
    with tempfile.TemporaryDirectory(prefix="dlcli-") as directory:
        try:
            start = stream.read(_ENOUGH)
            file = Path(directory) / f"stdin{suffix or sniff(start)}"
            with file.open("wb") as copy:
                copy.write(start)
                shutil.copyfileobj(stream, copy, 1 << 20)
        except OSError as error:
            message = f"cannot keep {NAME} in {directory}: {error.strerror or error}"
            hint = "TMPDIR names a directory with more room"
            raise DataError(Problem(message, hint=hint, rule="not-writable")) from error
        try:
            yield file
        except DataError as error:
            raise DataError(_renamed(problem, file) for problem in error.problems) from error


def sniff(start: bytes) -> str:
    """The suffix of the format that the first bytes are of; `.csv` when they are of none that is told by them.

    Example:
        >>> sniff(b'{"age": 31}'), sniff(b"PAR1"), sniff(b"a\\tb\\n")
        ('.jsonl', '.parquet', '.tsv')
    """
    if start.startswith(b"PAR1"):
        return ".parquet"
    if start.startswith(b"PK\x03\x04"):
        return ".npz"
    if start.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            return sniff(zlib.decompressobj(wbits=31).decompress(start, _ENOUGH)) + ".gz"
    if start.lstrip().startswith(b"{"):
        return ".jsonl"
    header = start.split(b"\n", 1)[0]
    return ".tsv" if b"\t" in header and b"," not in header else ".csv"


def _renamed(problem: Problem, file: Path) -> Problem:
    """The problem with standard input in the place of the file; and with its end, when it is the end that is wrong."""
    message = problem.message.replace(f"'{file.name}'", NAME).replace(str(file), NAME)
    hint = problem.hint.replace(f"'{file.name}'", NAME).replace(str(file), NAME)
    if problem.file != file:
        return dataclasses.replace(problem, message=message, hint=hint)
    if problem.line is not None and problem.line == _unfinished_line(file):
        hint = f"{NAME} ended in the middle of this row: did the program that writes it stop early?"
    return dataclasses.replace(problem, message=message, hint=hint, file=NAME)


def _unfinished_line(file: Path) -> int | None:
    """The 1-based number of the last line, when no line end follows it."""
    if file.suffix not in FORMATS or FORMATS[file.suffix] not in ("delimited", "jsonl"):
        return None
    lines, last = 0, b""
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + 1 if last and last != b"\n" else None
