"""What is in the data files, by reading them once, beside the work."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, cast

from dlcli.config.signature import SplitName
from dlcli.data.cache.fingerprint import Fingerprint, fingerprint
from dlcli.errors import DataError, Problem
from dlcli.files.identity import Identity, identify

__all__ = ["DataFiles", "KnownFile", "still_known"]

_TOGETHER = 500


@dataclasses.dataclass(frozen=True, slots=True)
class KnownFile:
    """A file whose content was hashed.

    Args:
        identity: As it was before it was read.
        hashed: When reading it began, in nanoseconds.
        sha256: Of its content.
        listed: The source that names it in its cells; empty for the file of a source itself.
    """

    identity: Identity
    hashed: int
    sha256: str
    listed: str = ""

    def speaks_for(self, identity: Identity) -> bool:
        """Whether the file is surely the one that was hashed."""
        return identity.settled(self.hashed) and identity == self.identity

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
        listed = str(state.get("listed", ""))
        return cls(Identity(**state["identity"]), int(state["hashed"]), str(state["sha256"]), listed)


class DataFiles:
    """The data files of a table: what they are, and what is in them.

    That is hashed once, in a thread of its own beside the parsing; the interpreter is free meanwhile.

    Args:
        files: Those of each source.

    Raises:
        DataError: A file is gone.
    """

    def __init__(self, files: Mapping[SplitName, Sequence[Path]]) -> None:
        self._files = {name: [identify(path) for path in paths] for name, paths in files.items()}
        self.identities = tuple({one.path: one for each in self._files.values() for one in each}.values())
        self.bytes = sum(one.bytes for one in self.identities)
        self._listed: dict[str, tuple[SplitName, Identity]] = {}
        self._unhashed: list[tuple[SplitName, Identity]] = []
        self._parts: list[Future[list[KnownFile]]] = []
        self._pool: ThreadPoolExecutor | None = None
        self._known: dict[str, KnownFile] = {}
        self._hashed: dict[str, Future[KnownFile]] = {}

    def know(self, known: Mapping[str, KnownFile]) -> None:
        """Take over, by path, what is known of files: those that it surely speaks for are not hashed."""
        self._known = {one.path: known[one.path] for one in self.identities if known[one.path].speaks_for(one)}
        for path, one in known.items():
            if one.listed:
                self._listed[path] = (cast(SplitName, one.listed), one.identity)
                self._known[path] = one

    def add(self, source: SplitName, paths: Iterable[Path]) -> None:
        """Add files that the rows of a source name, and begin to hash them; those that are not there others tell of.

        Args:
            source: The source.
            paths: Each once. What lies in a folder that is a source itself is known with the folder.
        """
        own = {one.path for one in self.identities}
        folders = tuple(os.path.join(os.path.realpath(path), "") for path in own if os.path.isdir(path))
        for path in paths:
            name = os.path.abspath(path)
            if name not in own and name not in self._listed and not name.startswith(folders):
                with contextlib.suppress(DataError):
                    self._listed[name] = (source, identify(path))
                    self._unhashed.append(self._listed[name])
        self.hash()

    def hash(self) -> None:
        """Begin to hash what is not known."""
        unknown = [one for one in self.identities if one.path not in self._known and one.path not in self._hashed]
        if unknown or self._unhashed:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "dlcli-hashing")
            self._hashed |= {one.path: self._pool.submit(_hash, one) for one in unknown}
            # Many and small: a future for each would take more memory than all that is known of it.
            for start in range(0, len(self._unhashed), _TOGETHER):
                self._parts.append(self._pool.submit(_hash_all, self._unhashed[start : start + _TOGETHER]))
            self._unhashed = []

    def known(self) -> dict[str, KnownFile]:
        """Every file by its path, when all are hashed.

        Raises:
            DataError: A file cannot be read.
        """
        self.hash()
        try:
            named = {one.identity.path: one for part in self._parts for one in part.result()}
            return {**{path: future.result() for path, future in self._hashed.items()}, **named, **self._known}
        finally:
            self.close()

    def by_source(self, known: Mapping[str, KnownFile] | None = None) -> dict[SplitName, list[KnownFile]]:
        """The files of each source, as they are hashed, or as they are known; then those that its rows name."""
        known = self.known() if known is None else known
        return {
            name: [*(known[one.path] for one in files), *(one for one in known.values() if one.listed == name)]
            for name, files in self._files.items()
        }

    def fingerprints(self) -> dict[str, list[dict[str, Any]]]:
        """What is recorded of them with a run, as JSON values."""
        return {
            source: [dataclasses.asdict(one.fingerprint) for one in known] for source, known in self.by_source().items()
        }

    def require_unchanged(self) -> None:
        """Make sure that they are still what they were at first.

        Raises:
            DataError: Files have changed meanwhile; all of them.
        """
        every = (*self.identities, *(one for _, one in self._listed.values()))
        changed = [old.path for old in every if identify(Path(old.path)) != old]
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

    def close(self) -> None:
        """Hash no further file."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def still_known(known: Iterable[KnownFile], *, hashing: bool) -> dict[str, KnownFile] | None:
    """Files that rows named, by their paths, when all are what they were; None when one is not.

    Args:
        known: As they were.
        hashing: Of those that only look different, hash the content.
    """
    found: dict[str, KnownFile] = {}
    for one in known:
        try:
            now = identify(Path(one.identity.path))
            if not one.speaks_for(now):
                if not hashing or (again := _hash(now, one.listed)).sha256 != one.sha256:
                    return None
                one = again
        except DataError:
            return None
        found[one.identity.path] = one
    return found


def _hash_all(files: Sequence[tuple[SplitName, Identity]]) -> list[KnownFile]:
    return [_hash(one, listed) for listed, one in files]


def _hash(identity: Identity, listed: str = "") -> KnownFile:
    started = time.time_ns()
    return KnownFile(identity, started, fingerprint(Path(identity.path)).sha256, listed)
