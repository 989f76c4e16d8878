"""Which file it is, without reading it; and what is in it, by reading it beside the work."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from dlcli.data.cache.fingerprint import Fingerprint, fingerprint
from dlcli.errors import DataError, Problem

__all__ = ["Hashing", "Identity", "KnownFile", "identify", "require_unchanged"]

RACY_NANOSECONDS = 2_000_000_000
"""A file that was written so shortly before it was hashed may have been written again within the same tick of the
file system's clock, and look the same: git calls it racily clean. Coarse clocks tick every two seconds (FAT)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """What the system says of a file. Writing to it changes the size or a time; replacing it changes the inode.

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


@dataclasses.dataclass(frozen=True, slots=True)
class KnownFile:
    """A file whose content was hashed.

    Args:
        identity: As it was before it was read.
        hashed: When reading it began, in nanoseconds.
        sha256: Of its content.
    """

    identity: Identity
    hashed: int
    sha256: str

    def speaks_for(self, identity: Identity) -> bool:
        """Whether the file is surely the one that was hashed."""
        settled = self.hashed - max(identity.modified, identity.changed) > RACY_NANOSECONDS
        return settled and identity == self.identity

    @property
    def fingerprint(self) -> Fingerprint:
        """What is recorded of it with a run."""
        return Fingerprint(self.identity.path, self.identity.bytes, self.sha256)

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The file whose `state` this is. Raises KeyError or TypeError when it is none."""
        return cls(Identity(**state["identity"]), int(state["hashed"]), str(state["sha256"]))


def identify(file: Path) -> Identity:
    """Look at a file, without opening it.

    Raises:
        DataError: It is gone.
    """
    try:
        found = os.stat(file)
    except OSError as error:
        raise DataError(
            Problem(f"the file cannot be read: {error.strerror}", file=file, rule="unreadable-file")
        ) from None
    return Identity(os.path.abspath(file), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def require_unchanged(before: Iterable[Identity]) -> None:
    """Make sure that files are still what they were before they were read.

    Raises:
        DataError: Files have changed meanwhile; all of them.
    """
    changed = [old.path for old in before if identify(Path(old.path)) != old]
    if changed:
        raise DataError(
            Problem(
                "the file changed while it was being read",
                hint="wait until it is written to its end, then start again",
                file=Path(path),
                rule="file-changing",
            )
            for path in changed
        )


class Hashing:
    """Hashes files in a thread of its own, beside the parsing; the interpreter is free meanwhile.

    Args:
        identities: The files, as they are before anything reads them.
        known: What is known already, by path.
    """

    def __init__(self, identities: Iterable[Identity], known: Mapping[str, KnownFile]) -> None:
        self._identities = tuple(identities)
        self._known = dict(known)
        unknown = [one for one in self._identities if not self._is_known(one)]
        self._pool = ThreadPoolExecutor(1, "dlcli-hashing") if unknown else None
        self._hashed: dict[str, Future[KnownFile]] = (
            {one.path: self._pool.submit(_hash, one) for one in unknown} if self._pool else {}
        )

    def result(self) -> dict[str, KnownFile]:
        """Every file by its path, when all are hashed.

        Raises:
            DataError: A file cannot be read.
        """
        try:
            return {
                one.path: self._hashed[one.path].result() if one.path in self._hashed else self._known[one.path]
                for one in self._identities
            }
        finally:
            self.stop()

    def stop(self) -> None:
        """Hash no further file."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_known(self, identity: Identity) -> bool:
        known = self._known.get(identity.path)
        return known is not None and known.speaks_for(identity)


def _hash(identity: Identity) -> KnownFile:
    started = time.time_ns()
    return KnownFile(identity, started, fingerprint(Path(identity.path)).sha256)
