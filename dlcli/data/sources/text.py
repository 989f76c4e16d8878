"""Text files opened with care: decompressed, decoded, and refused with a reason when they are no text."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from dlcli.data.sources.options import TableOptions, is_gzipped
from dlcli.errors import DataError, Problem

__all__ = ["check_readable", "open_text", "undecodable", "unreadable"]


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


def open_text(file: Path, options: TableOptions) -> TextIO:
    """The file as text: decompressed and decoded, a byte order mark dropped, line ends as they are.

    Raises:
        DataError: The encoding is none that Python knows (`unknown-encoding`), or the file is binary (`binary-file`).
    """
    try:
        encoding = codecs.lookup(options.encoding).name
        "".encode(encoding)
    except (LookupError, ValueError):  # a NUL character, half a character
        raise DataError(
            Problem(
                f"unknown encoding {options.encoding!r}",
                path="data.encoding",
                hint="such as utf-8, latin-1, cp1252, utf-16",
                rule="unknown-encoding",
            )
        ) from None
    raw = cast(BinaryIO, gzip.open(file, "rb") if is_gzipped(file) else file.open("rb"))  # noqa: SIM115
    try:
        start = raw.read(8192)
    except (EOFError, OSError, zlib.error) as error:
        raw.close()
        raise unreadable(file, error) from None
    if b"\0" in start and not encoding.startswith(("utf-16", "utf-32")):
        raw.close()
        kind = {b"PAR1": "a Parquet file", b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "gzipped"}
        found = next((name for magic, name in kind.items() if start.startswith(magic)), "a binary file")
        raise DataError(
            Problem(
                f"'{file.name}' is {found}, not text",
                hint="its suffix must say what it is; UTF-16 text needs data.encoding: utf-16",
                file=file,
                rule="binary-file",
            )
        )
    raw.seek(0)
    return io.TextIOWrapper(raw, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")


def undecodable(file: Path, options: TableOptions, error: UnicodeDecodeError) -> DataError:
    """The file is not in the encoding that the config says."""
    byte = f"byte 0x{error.object[error.start]:02x}" if error.start < len(error.object) else "its end"
    return DataError(
        Problem(
            f"'{file.name}' is not {options.encoding} text: {byte} cannot be decoded",
            hint="set data.encoding, such as latin-1, cp1252 or utf-16",
            file=file,
            rule="wrong-encoding",
        )
    )


def unreadable(file: Path, error: BaseException) -> DataError:
    """A file that cannot be read to its end: the system refuses, or it is gzipped and cannot be decompressed."""
    if isinstance(error, OSError) and (error.errno or not is_gzipped(file)):
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
