"""Equal files that take their room on the disk once: each has its own name, and none depends on another."""

from __future__ import annotations

import contextlib
import filecmp
import os
from collections.abc import Iterable
from pathlib import Path

from dlcli.files.replacing import Replacement

__all__ = ["link_equal"]


def link_equal(file: Path, others: Iterable[Path]) -> bool:
    """Put a hard link to an equal file in the place of a file; whether that was done, or has been before.

    Files are replaced here and never changed (see `replacing`), so what becomes of one becomes of no other. Where the
    file system has no such links, or no more of them for one file, the copy stays.

    Args:
        file: The file.
        others: Those that may be equal.
    """
    seen: set[tuple[int, int]] = set()
    with contextlib.suppress(OSError):
        own = file.stat(follow_symlinks=False)
        for other in others:
            with contextlib.suppress(OSError):
                said = other.stat(follow_symlinks=False)
                if (place := (said.st_dev, said.st_ino)) in seen or said.st_size != own.st_size:
                    continue
                if place == (own.st_dev, own.st_ino):
                    return True
                seen.add(place)
                if other.is_file() and not other.is_symlink() and filecmp.cmp(file, other, shallow=False):
                    _link(file, other)
                    return True
    return False


def _link(file: Path, other: Path) -> None:
    replacement = Replacement(file)
    try:
        os.link(other, replacement.draft, follow_symlinks=False)
        os.replace(replacement.draft, file)
    finally:
        replacement.discard()
