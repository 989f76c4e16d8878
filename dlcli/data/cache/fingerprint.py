"""What a data file was: path, size and hash, so that a run can tell whether its data has changed."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from dlcli.errors import DataError, Problem

__all__ = ["Fingerprint", "fingerprint"]


@dataclasses.dataclass(frozen=True, slots=True)
class Fingerprint:
    """A file's identity.

    Args:
        path: Where it lay.
        bytes: Its size.
        sha256: The hash of its content, in hexadecimal digits.
    """

    path: str
    bytes: int
    sha256: str


def fingerprint(file: Path) -> Fingerprint:
    """Hash a file, reading it once, in bounded memory.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256")
            return Fingerprint(path=str(file), bytes=stream.tell(), sha256=digest.hexdigest())
    except OSError as error:
        raise DataError(
            Problem(f"the file cannot be read: {error.strerror}", file=file, rule="unreadable-file")
        ) from None
