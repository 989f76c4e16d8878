"""Who writes a run: its `.lock` is held by the process and signed by it, so that the second who comes can be told.

The lock is what counts, and ends with its process. Where the file system knows no locks the signature stands in for it:
of a process of this machine that has ended it is stale, of another machine's it is believed.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from dlcli.errors import RunError
from dlcli.files.locks import FileLock, is_locked
from dlcli.runs.inside import read_inside
from dlcli.runs.provenance import now

__all__ = ["Holder", "RunLock", "find_holder", "read_signature"]

WITHOUT_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})

MOST_BYTES = 4096
"""Of a signature."""

MOST_LETTERS = 255
"""Of what it says."""

TRIES, PAUSE = 5, 0.02
"""A reader who asks whether the lock is held holds it for a moment."""


@dataclasses.dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a run; what is not known is empty.

    Args:
        host: The machine's name.
        process: The number of the process there.
        since: When it took the lock, in UTC.
    """

    host: str = ""
    process: int | None = None
    since: str = ""

    def __str__(self) -> str:
        """In words.

        Example:
            >>> str(Holder("ada", 4711, "2026-01-31T10:00:00+00:00"))
            'process 4711 on ada, since 2026-01-31T10:00:00+00:00'
        """
        number = "a process" if self.process is None else f"process {self.process}"
        return number + (f" on {self.host}" if self.host else "") + (f", since {self.since}" if self.since else "")

    @property
    def is_over(self) -> bool:
        """Whether the process is known to have ended: one of another machine is not."""
        if self.process is None:
            return True
        return self.host == platform.node() and not _is_alive(self.process)


class RunLock(FileLock):
    """The lock of a run's directory, signed while it is held.

    Args:
        path: The lock file.
        readers: Whether somebody may ask whether it is held: nobody is refused for that, but waits for a moment.
    """

    mode = 0o666  # whoever may read the run may know who writes it

    def __init__(self, path: Path, *, readers: bool = True) -> None:
        super().__init__(path)
        self._signed, self._tries = False, TRIES if readers else 1

    def take(self) -> bool:
        """Take it at once; whether it is ours. Where there are no locks: whether nobody's signature is in the way.

        Raises:
            OSError: The file cannot be made.
        """
        try:
            taken = self._take()
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
            taken = self._signed or not _is_claimed(read_signature(self.path))
        if taken:
            self._sign()
        return taken

    def release(self, *, remove: bool = False) -> None:
        """See `FileLock.release`; where there are no locks the signature goes in any case."""
        if self._signed and not self.held:
            self.path.unlink(missing_ok=True)
        self._signed = False
        super().release(remove=remove)

    def _take(self) -> bool:
        for attempt in range(self._tries):
            if attempt:
                time.sleep(PAUSE)
            if self.acquire(wait=False):
                return True
        return False

    def _sign(self) -> None:
        """Say who we are; a disk that is full has no room for that, and the lock holds all the same."""
        self._signed = True
        value = {"host": platform.node(), "process": os.getpid(), "since": now()}
        try:
            self.write(json.dumps(value).encode() + b"\n")
        except OSError:
            return


def find_holder(path: Path) -> Holder | None:
    """Who holds a run's lock; None when nobody does. Nothing is written.

    Args:
        path: The lock file.
    """
    signature = read_signature(path)
    try:
        held = is_locked(path)
    except PermissionError:
        held = True  # somebody else's, as far as can be seen
    except OSError as error:
        held = error.errno in WITHOUT_LOCKS and _is_claimed(signature)
    return (signature or Holder()) if held else None


def _is_claimed(signature: Holder | None) -> bool:
    return signature is not None and not signature.is_over


def read_signature(path: Path) -> Holder | None:
    """What a lock file says, as far as it is a signature; None when it says nothing."""
    try:
        value: Any = json.loads(read_inside(path, most=MOST_BYTES))
    except (OSError, RunError, ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    process = value.get("process")
    is_number = type(process) is int and 0 < process < 2**31
    host, since = (str(value.get(key, ""))[:MOST_LETTERS] for key in ("host", "since"))
    if not (host + since).isprintable():
        return None
    return Holder(host=host, process=process if is_number else None, since=since)


def _is_alive(process: int) -> bool:
    if os.name == "nt":
        return True  # there `os.kill` would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
