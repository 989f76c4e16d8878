"""What is on the disk, and not in the memory of the machine alone, when the power goes.

A wait takes milliseconds where the disk is busy, and most of it is for the file system's journal. Files that are waited
for at a time share it: docs/decisions/0067.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import os
import stat
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["Sync", "owe", "owed_below", "sync", "sync_directory", "sync_together"]

_AT_A_TIME = 8

_owed: set[Path] = set()
_lock = threading.Lock()


class Sync(enum.Enum):
    """When a file that is written is waited for."""

    NOW = "before it has its name"
    SOON = "by whoever waits for what is owed; now, where it takes the place of another, which would be lost"
    NEVER = "it can be made again"


def owe(path: Path) -> None:
    """Remember a file that is to be waited for soon."""
    with _lock:
        _owed.add(path)


def owed_below(directory: Path) -> list[Path]:
    """What is owed in a directory, with the directories that it stands in; from here on it is owed no more."""
    with _lock:
        found = {path for path in _owed if path.is_relative_to(directory)}
        _owed.difference_update(found)
    return [*found, *{path.parent for path in found}]


def sync(path: Path) -> None:
    """Wait until a file, or the names in a directory, are on the disk. Raises OSError."""
    for way in (os.O_RDONLY, os.O_WRONLY):
        with contextlib.suppress(PermissionError):  # of what it is opened for, as its mode says
            descriptor = os.open(path, way)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            return


def sync_directory(path: Path) -> None:
    """Wait for the names in a directory, where the system knows how to: not every one opens a directory."""
    with contextlib.suppress(OSError):
        sync(path)


def sync_together(paths: Sequence[Path]) -> None:
    """Wait for several files and directories at a time. What is neither, or not there, is left out.

    Raises:
        OSError: The disk did not take a file.
    """
    if len(paths) < 2:
        for path in paths:
            _sync_if_any(path)
        return
    for wait in [_threads().submit(_sync_if_any, path) for path in paths]:
        wait.result()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    """Those that wait, made once: a run waits twice."""
    return ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="dlcli-sync")


os.register_at_fork(after_in_child=_threads.cache_clear)  # which has none of them


def _sync_if_any(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if stat.S_ISDIR(mode):
        sync_directory(path)
    elif stat.S_ISREG(mode):  # a pipe would never be opened
        sync(path)
