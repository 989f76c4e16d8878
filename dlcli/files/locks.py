"""Locks between processes, which end with the process that holds them, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["FileLock", "is_locked", "locked_directory"]

_POLL_SECONDS = 0.1

_FLAGS = (
    os.O_RDWR
    | os.O_CREAT
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)  # in a directory of somebody else's the file may be a link to one of ours
    | getattr(os, "O_NONBLOCK", 0)  # or a pipe
)


class FileLock:
    """A lock on a file, held by one process exclusively or by several that share it.

    The system drops the lock when the process ends, also when it is killed: a lock is never stale. A lock file that
    was removed while we waited for it is no lock, and is made anew.

    On Windows there are no shared locks here: a file that is open or mapped cannot be removed there anyway.

    Args:
        path: The lock file; its directory must exist.

    Example:
        >>> lock = FileLock(Path("data.lock"))  # doctest: +SKIP
        >>> lock.acquire(wait=False)  # doctest: +SKIP
        True
        >>> lock.release()  # doctest: +SKIP
    """

    mode = 0o600
    """Permissions of a new file, but for the umask; who may read it may share the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether we hold it."""
        return self._descriptor is not None

    def acquire(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Take the lock.

        Args:
            shared: With others who share it.
            wait: Until it can be had; else say at once.

        Returns:
            Whether it is ours.

        Raises:
            OSError: The file cannot be made, or the file system knows no locks.
        """
        while True:
            descriptor = os.open(self.path, _FLAGS, self.mode)
            try:
                if not _lock(descriptor, shared=shared, wait=wait):
                    os.close(descriptor)
                    return False
                if _same_file(descriptor, self.path):
                    self._descriptor = descriptor
                    return True
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back; nothing when we do not hold it.

        Args:
            remove: The file too, first.
        """
        if self._descriptor is None:
            return
        if remove:
            with contextlib.suppress(OSError):
                self.path.unlink()
        descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)

    def write(self, content: bytes) -> None:
        """Put something into the file for those who find it locked; where we hold no lock, into a file all the same.

        Raises:
            OSError: The disk is full, or the system refuses.
        """
        if self._descriptor is None:
            descriptor = os.open(self.path, _FLAGS, self.mode)
            try:
                _fill(descriptor, content)
            finally:
                os.close(descriptor)
        else:
            _fill(self._descriptor, content)

    def __del__(self) -> None:
        self.release()


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file; nothing is made or changed.

    To find out, the lock is shared for a moment: who tries to get it just then, without waiting, is refused.

    Raises:
        OSError: The file cannot be opened, or the file system knows no locks.
    """
    try:
        descriptor = os.open(path, _FLAGS & ~(os.O_RDWR | os.O_CREAT) | os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _lock(descriptor, shared=sys.platform != "win32", wait=False)
    finally:
        os.close(descriptor)


def _fill(descriptor: int, content: bytes) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, content)
    os.ftruncate(descriptor, len(content))


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def locked_directory(directory: Path) -> Iterator[None]:
    """Be the only process that does so with a directory, and wait for others; where that cannot be had, go on at once.

    Nothing is written. It is for moments: who waits does not say so.
    """
    descriptor = None
    with contextlib.suppress(OSError):  # on Windows no directory is opened
        descriptor = os.open(directory, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        _lock(descriptor, shared=False, wait=True)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, shared: bool, wait: bool) -> bool:
        while not shared:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                break
            except OSError:
                if not wait:
                    return False
                time.sleep(_POLL_SECONDS)
        return True

else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool, wait: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
