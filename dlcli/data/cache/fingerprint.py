"""What a data file was: path, size and hash, so that a run can tell whether its data has changed."""

from __future__ import annotations

import dataclasses
import hashlib
import stat
from pathlib import Path

from dlcli.errors import DataError, Problem
from dlcli.files.folders import list_folder

__all__ = ["Fingerprint", "fingerprint"]


@dataclasses.dataclass(frozen=True, slots=True)
class Fingerprint:
    """The identity of a file, or of a folder with all that is in it.

    Args:
        path: Where it lay.
        bytes: Its size.
        sha256: The hash of its content, in hexadecimal digits.
    """

    path: str
    bytes: int
    sha256: str


_SMALL = 1 << 16


def fingerprint(file: Path) -> Fingerprint:
    """Hash a file, reading it once, in bounded memory; of a folder, the names and the content of all its files.

    Raises:
        DataError: A file cannot be read, or is none: a pipe, a device.
    """
    if file.is_dir():
        return _of_folder(file)
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a pipe waits for ever, a device never ends
            raise DataError(Problem("it is a pipe or a device, not a file", file=file, rule="unreadable-file"))
        with file.open("rb") as stream:
            start = stream.read(_SMALL)  # thousands of small files are faster without a buffer for each
            digest = hashlib.sha256(start)
            if len(start) == _SMALL:
                stream.seek(0)
                digest = hashlib.file_digest(stream, "sha256")
            return Fingerprint(path=str(file), bytes=stream.tell(), sha256=digest.hexdigest())
    except OSError as error:
        raise DataError(
            Problem(f"the file cannot be read: {error.strerror}", file=file, rule="unreadable-file")
        ) from None


def _of_folder(folder: Path) -> Fingerprint:
    """One fingerprint for all: a run that names fifty thousand files names them as one."""
    digest = hashlib.sha256()
    size = 0
    for file in list_folder(folder).files:
        found = fingerprint(Path(file.place))
        size += found.bytes
        digest.update(f"{file.path}\0{found.sha256}\0".encode())
    return Fingerprint(path=str(folder), bytes=size, sha256=digest.hexdigest())
