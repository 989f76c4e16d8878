"""The cache directory: where it is, what it holds, and how entries come, are used and go.

<cache>/
  entries/<recipe>-<encoding>-<content>/    see `entry.py`
  tmp/<random>, <random>.lock               what a process writes; the lock is its sign of life
  locks/<name>.lock                         held by whoever encodes some data, so that others wait and share

Imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from dlcli.config.document.file_names import name_problem
from dlcli.errors import DataError, Problem
from dlcli.files.locks import FileLock
from dlcli.files.replacing import write_file
from dlcli.files.syncing import Sync

__all__ = ["Cache", "CachedEntry", "Cleared", "Scratch", "default_directory", "parse_size", "size_limit"]

DIRECTORY_VARIABLE = "DLCLI_CACHE_DIR"
SIZE_VARIABLE = "DLCLI_CACHE_SIZE"

DEFAULT_LIMIT = 20 * 10**9
"""Bytes that the entries may take together."""

_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}-[0-9a-f]{16}")
_SCRATCH = re.compile(r"[0-9a-f]{16}\.lock")
"""Nothing else is ever removed from `tmp`: the directory may be one that others use too."""

_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# dlcli's cache: it may be removed at any time.\n"
"""What makes backup programs pass a directory over: https://bford.info/cachedir/"""

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


@dataclasses.dataclass(frozen=True, slots=True)
class CachedEntry:
    """What can be told of an entry without opening it.

    Args:
        directory: Where it is.
        bytes: What its files take.
        used: When it was last used, in seconds since 1970.
    """

    directory: Path
    bytes: int
    used: float


@dataclasses.dataclass(frozen=True, slots=True)
class Cleared:
    """What was removed, and how many entries could not be because a process uses them."""

    entries: int
    bytes: int
    in_use: int


class Scratch:
    """A directory of our own for what is being written, made when it is first asked for and removed at the end.

    Args:
        parent: Where to make it.
        make: Makes the cache directory that the parent is in.
    """

    def __init__(self, parent: Path, make: Callable[[], None]) -> None:
        self._make = make
        name = secrets.token_hex(8)
        self.path = parent / name
        self._lock = FileLock(parent / f"{name}.lock")

    def directory(self) -> Path:
        """The directory. Raises OSError when it cannot be made."""
        if not self._lock.held:
            self._make()
            self.path.parent.mkdir(exist_ok=True)
            self._lock.acquire()
            self.path.mkdir(mode=0o700)
        return self.path

    def close(self) -> None:
        """Remove it with all that is in it. On Windows files that are still mapped are left to the next process."""
        if self._lock.held:
            shutil.rmtree(self.path, ignore_errors=True)
            self._lock.release(remove=not self.path.exists())

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Cache:
    """A cache directory. Nothing is made before something is written.

    Args:
        directory: The user's cache folder when None.
        limit: Bytes that the entries may take together; what `DLCLI_CACHE_SIZE` says, or 20 GB, when None.

    Raises:
        DataError: `DLCLI_CACHE_SIZE` is no size, or the directory has a name that no file can have.

    Example:
        >>> Cache(Path("/tmp/nothing-here")).entries()
        []
    """

    def __init__(self, directory: Path | None = None, *, limit: int | None = None) -> None:
        self.directory = (directory or default_directory()).absolute()
        fault = name_problem(str(self.directory))
        if fault is not None:
            raise DataError(fault)
        self.limit = size_limit() if limit is None else limit
        self._entries = self.directory / "entries"
        self._tmp = self.directory / "tmp"
        self._locks = self.directory / "locks"

    def entries(self) -> list[CachedEntry]:
        """All entries, the last used first."""
        found = []
        for directory in self.find("*"):
            with contextlib.suppress(OSError):
                mark = directory / "in-use"
                used = (mark if mark.exists() else directory).stat().st_mtime
                size = sum(file.stat().st_size for file in directory.iterdir())
                found.append(CachedEntry(directory, size, used))
        return sorted(found, key=lambda entry: entry.used, reverse=True)

    def find(self, pattern: str) -> list[Path]:
        """The directories of the entries whose names match a pattern such as `*-*-0123456789abcdef`."""
        try:
            return sorted(path for path in self._entries.glob(pattern) if _NAME.fullmatch(path.name))
        except OSError:
            return []

    def scratch(self) -> Scratch:
        """A directory for what is being written."""
        return Scratch(self._tmp, self._make)

    @contextlib.contextmanager
    def building(self, name: str, *, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only process that does something; others come after it, also when it is killed.

        Where locks cannot be had, everybody goes on at once, which costs time and nothing else.

        Args:
            name: What is done: part of a file name.
            waiting: Called when another process is at it already.
        """
        lock = FileLock(self._locks / f"{name}.lock")
        try:
            self._make()
            self._locks.mkdir(exist_ok=True)
            if not lock.acquire(wait=False):
                waiting()
                lock.acquire()
        except OSError:
            lock.release()
        try:
            yield
        finally:
            lock.release(remove=True)

    def add(self, written: Path, name: str) -> Path:
        """Make a directory that was written in a scratch directory an entry, at once and whole.

        Older entries go where the limit asks for it. When another process was first, its entry stays.

        Returns:
            The entry's directory.

        Raises:
            OSError: The directory cannot be written.
        """
        self._make()
        self._entries.mkdir(exist_ok=True)
        place = self._entries / name
        try:
            os.rename(written, place)
        except OSError:
            if not (place / "manifest.json").exists():
                raise
        self.evict(keep=place)
        return place

    def evict(self, *, keep: Path | None = None) -> None:
        """Remove the entries that were used least recently until the others are within the limit.

        Args:
            keep: An entry that stays.
        """
        entries = self.entries()
        total = sum(entry.bytes for entry in entries)
        for entry in reversed(entries):
            if total <= self.limit:
                return
            if entry.directory != keep and self.remove(entry.directory):
                total -= entry.bytes

    def remove(self, directory: Path, *, damaged: bool = False) -> bool:
        """Remove an entry unless a process uses it; says whether it is gone.

        Args:
            directory: The entry's.
            damaged: Remove it in any case; who has mapped its files keeps what is in them.
        """
        lock = FileLock(directory / "in-use")
        try:
            if not damaged and not lock.acquire(wait=False):
                return False
            # Out of sight at once, then away: nobody meets half an entry.
            grave = self.scratch()
            os.rename(directory, grave.directory() / directory.name)
            grave.close()
        except FileNotFoundError:
            return not directory.exists()
        except OSError:
            return False
        finally:
            lock.release()
        return True

    def clear(self, *, older_than_days: float | None = None) -> Cleared:
        """Remove entries, and what killed processes have left.

        Args:
            older_than_days: Only those that were not used for so long; all when None.

        Raises:
            DataError: The directory cannot be written.
        """
        before = None if older_than_days is None else time.time() - older_than_days * 86_400
        removed = freed = in_use = 0
        for entry in self.entries():
            if before is not None and entry.used > before:
                continue
            if self.remove(entry.directory):
                removed, freed = removed + 1, freed + entry.bytes
            elif os.access(entry.directory.parent, os.W_OK):
                in_use += 1
            else:
                raise DataError(
                    Problem(
                        f"cannot remove {entry.directory}: the cache directory cannot be written",
                        hint="mend its permissions, or remove it by hand",
                        rule="not-writable",
                    )
                )
        self.sweep()
        return Cleared(removed, freed, in_use)

    def sweep(self) -> None:
        """Remove what processes left that were killed while they wrote: their locks are free."""
        for path in self._tmp.glob("*.lock"):
            lock = FileLock(path)
            with contextlib.suppress(OSError):
                if _SCRATCH.fullmatch(path.name) and lock.acquire(wait=False):
                    shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                    lock.release(remove=True)

    def _make(self) -> None:
        if not self.directory.exists():
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_file(self.directory / "CACHEDIR.TAG", _TAG, sync=Sync.NEVER)


def default_directory() -> Path:
    """`DLCLI_CACHE_DIR`, or the folder that the system has for caches of this user."""
    if chosen := os.environ.get(DIRECTORY_VARIABLE):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return (Path(base) if base else Path.home() / "AppData" / "Local") / "dlcli" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "dlcli"
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification says that a relative path is to be ignored.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "dlcli"


def size_limit() -> int:
    """What `DLCLI_CACHE_SIZE` allows, in bytes; 20 GB when it says nothing.

    Raises:
        DataError: It is no size.
    """
    text = os.environ.get(SIZE_VARIABLE, "")
    if not text:
        return DEFAULT_LIMIT
    try:
        return parse_size(text)
    except ValueError:
        raise DataError(
            Problem(
                f"{SIZE_VARIABLE} is {text!r}, expected a size",
                hint="write it like 500MB or 20GB",
                rule="cache-size",
            )
        ) from None


def parse_size(text: str) -> int:
    """Bytes of a size such as `500MB`. Raises ValueError when it is none.

    Example:
        >>> parse_size("1.5 GB")
        1500000000
    """
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?B?)\s*", text.upper())
    if match is None:
        raise ValueError(f"not a size: {text!r}")
    unit = match[2] if match[2] in _UNITS else match[2] + "B"
    return int(float(match[1]) * _UNITS[unit])
