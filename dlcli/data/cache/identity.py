"""Which file it is, without reading it; and what is in it, by reading it beside the work."""

from __future__ import annotations

import dataclasses
import functools
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from dlcli.config.signature import SplitName
from dlcli.data.cache.fingerprint import Fingerprint, fingerprint
from dlcli.errors import DataError, Problem

__all__ = ["DataFiles", "Hashing", "Identity", "KnownFile", "identify", "require_unchanged"]

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


class DataFiles:
    """The data files of a table: what they are, and what is in them, which is hashed once, beside the work.

    Args:
        files: Those of each source.

    Raises:
        DataError: A file is gone.
    """

    def __init__(self, files: Mapping[SplitName, Sequence[Path]]) -> None:
        self._files = {name: [identify(path) for path in paths] for name, paths in files.items()}
        self._known: Mapping[str, KnownFile] = {}
        self._hashing: Hashing | None = None

    @functools.cached_property
    def identities(self) -> tuple[Identity, ...]:
        """Every file, once."""
        return tuple({one.path: one for files in self._files.values() for one in files}.values())

    @property
    def bytes(self) -> int:
        """What they take."""
        return sum(one.bytes for one in self.identities)

    def know(self, known: Mapping[str, KnownFile]) -> None:
        """Take over, by path, what is known of files that need not be hashed then."""
        self._known = known

    def hash(self) -> None:
        """Begin to hash what is not known."""
        if self._hashing is None:
            self._hashing = Hashing(self.identities, self._known)

    def known(self) -> dict[str, KnownFile]:
        """Every file by its path, when all are hashed.

        Raises:
            DataError: A file cannot be read.
        """
        self.hash()
        assert self._hashing is not None
        return self._hashing.result()

    def by_source(self, known: Mapping[str, KnownFile] | None = None) -> dict[SplitName, list[KnownFile]]:
        """The files of each source, as they are hashed, or as they are known."""
        known = self.known() if known is None else known
        return {name: [known[one.path] for one in files] for name, files in self._files.items()}

    def require_unchanged(self) -> None:
        """Make sure that they are still what they were at first.

        Raises:
            DataError: Files have changed meanwhile; all of them.
        """
        require_unchanged(self.identities)

    def close(self) -> None:
        """Hash no further file."""
        if self._hashing is not None:
            self._hashing.stop()
