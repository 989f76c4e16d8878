"""How much room a directory takes."""

from __future__ import annotations

import contextlib
import os

__all__ = ["size_of"]


def size_of(path: str) -> int:
    """The bytes of the files in a directory, at any depth; links count as what they are."""
    total, waiting = 0, [path]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    return total
