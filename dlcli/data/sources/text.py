"""Text files opened with care: decompressed, decoded, and refused with a reason when they are no text."""

from __future__ import annotations

import codecs
import dataclasses
import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from dlcli.data.sources.access import is_gzipped, start_of, unreadable
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.registry import by_content
from dlcli.errors import DataError, Problem

__all__ = ["Encoding", "find_encoding", "is_text", "open_text", "undecodable"]

SAMPLE = 1 << 18
"""Bytes that are looked at to find an encoding."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""What files begin with that say their encoding."""

_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1a")
"""Bytes that are in no text."""


def is_text(start: bytes) -> bool:
    """Whether a file that begins so can be one of text."""
    return start.startswith(tuple(mark for mark, _ in _MARKS)) or not (not start or _CONTROL.intersection(start))


@dataclasses.dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes of a file become text.

    Args:
        name: As Python knows it.
        doubt: Why it may be another one; None when it is given, or the bytes say it.
    """

    name: str
    doubt: Problem | None = None


def find_encoding(file: Path, options: TableOptions) -> Encoding:
    """The encoding that is given, or that the file's first bytes are in: by their mark, or because they are UTF-8.

    Of a file for a trained model that is neither, it is the one that the model was trained on, or that of Western
    Europe, which is a guess.

    Raises:
        DataError: The encoding is none that Python knows (`unknown-encoding`), or the file cannot be read.
    """
    if options.reading.encoding is not None:
        return Encoding(_known(options.reading.encoding))
    start = start_of(file, SAMPLE)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return Encoding(name)
    if _decodes(start, "utf-8"):
        return Encoding("utf-8")
    if options.trained is None:
        return Encoding("utf-8")  # which will be said to be wrong, with the way out
    likely = options.trained.like.encoding
    if likely is not None and _decodes(start, _known(likely)):
        return Encoding(_known(likely))
    name = next(name for name in ("cp1252", "latin-1") if _decodes(start, name))
    doubt = Problem(
        f"'{file.name}' is not UTF-8, and is read as {name}",
        hint="--encoding says which encoding it is in",
        file=file,
        rule="wrong-encoding",
    )
    return Encoding(name, doubt)


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, ValueError):  # a NUL character, half a character
        raise DataError(
            Problem(
                f"unknown encoding {encoding!r}",
                path="data.encoding",
                hint="such as utf-8, latin-1, cp1252, utf-16",
                rule="unknown-encoding",
            )
        ) from None
    return name


def _decodes(start: bytes, encoding: str) -> bool:
    """Whether bytes, of which the last character may be cut, are of an encoding."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def open_text(file: Path, encoding: str) -> TextIO:
    """The file as text: decompressed and decoded, a byte order mark dropped, line ends as they are.

    Raises:
        DataError: The file is binary (`binary-file`).
    """
    raw = cast(BinaryIO, gzip.open(file, "rb") if is_gzipped(file) else file.open("rb"))  # noqa: SIM115
    try:
        start = raw.read(8192)
    except (EOFError, OSError, zlib.error) as error:
        raw.close()
        raise unreadable(file, error) from None
    if b"\0" in start and not encoding.startswith(("utf-16", "utf-32")):
        raw.close()
        raise DataError(
            Problem(
                f"'{file.name}' is {_binary(start)}, not text",
                hint="its suffix must say what it is; UTF-16 text needs data.encoding: utf-16",
                file=file,
                rule="binary-file",
            )
        )
    raw.seek(0)
    return io.TextIOWrapper(raw, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")


def _binary(start: bytes) -> str:
    """What a file is that begins so, and is no text."""
    format = by_content(start)
    if format is not None and not format.text:
        return f"a {format.title} file"
    kinds = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "gzipped"}
    return next((name for magic, name in kinds.items() if start.startswith(magic)), "a binary file")


def undecodable(file: Path, encoding: str, error: UnicodeDecodeError) -> DataError:
    """The file is not in the encoding that the config says."""
    byte = f"byte 0x{error.object[error.start]:02x}" if error.start < len(error.object) else "its end"
    return DataError(
        Problem(
            f"'{file.name}' is not {encoding} text: {byte} cannot be decoded",
            hint="set data.encoding, or --encoding of a file to predict for, such as latin-1, cp1252 or utf-16",
            file=file,
            rule="wrong-encoding",
        )
    )
