"""Which file it is, without reading it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
from pathlib import Path

from dlcli.errors import DataError, Problem
from dlcli.files.folders import list_folder

__all__ = ["Identity", "identify"]

RACY_NANOSECONDS = 2_000_000_000
"""A file that was written so shortly before it was read may have been written again within the same tick of the
file system's clock, and look the same: git calls it racily clean. Coarse clocks tick every two seconds (FAT)."""

FINE_NANOSECONDS = 100_000_000
"""The same where the time has parts of a second: then the clock ticks every hundredth (Linux) or more often."""

SECOND = 1_000_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """What the system says of a file. Writing to it changes the size or a time; replacing it changes the inode.

    Of a folder it says that of all the files in it: the sum of their sizes, the latest of their times, and in place of
    an inode a number made of everything that it says of each.

    Args:
        path: Absolute.
        bytes: The size.
        modified: Nanoseconds.
        changed: Nanoseconds; of the file's metadata, which no program can set back.
        inode: The file's number in its file system.
    """

    path: str
    bytes: int
    modified: int
    changed: int
    inode: int

    def settled(self, since: int) -> bool:
        """Whether a file that is still the same has surely not been written to since then.

        Args:
            since: When reading it began, in nanoseconds.
        """
        racy = min(FINE_NANOSECONDS, RACY_NANOSECONDS) if self.modified % SECOND else RACY_NANOSECONDS
        return since - max(self.modified, self.changed) > racy


def identify(file: Path) -> Identity:
    """Look at a file, without opening it.

    Raises:
        DataError: It is gone.
    """
    found = _stat(file)
    if stat.S_ISDIR(found.st_mode):
        return _identify_folder(Path(os.path.abspath(file)))
    return Identity(os.path.abspath(file), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _identify_folder(folder: Path) -> Identity:
    digest = hashlib.sha256()
    size = modified = changed = 0
    for file in list_folder(folder).files:
        found = _stat(file.place)
        size += found.st_size
        modified, changed = max(modified, found.st_mtime_ns), max(changed, found.st_ctime_ns)
        said = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        digest.update(f"{file.path}\0{said}\0".encode())
    return Identity(str(folder), size, modified, changed, int(digest.hexdigest()[:15], 16))


def _stat(file: str | Path) -> os.stat_result:
    try:
        return os.stat(file)
    except OSError as error:
        raise DataError(
            Problem(f"the file cannot be read: {error.strerror}", file=Path(file), rule="unreadable-file")
        ) from None
