"""Committed epochs: directories below `checkpoints/`, each whole or not there, from which a training goes on.

    checkpoints/epoch-000007/
      arrays.bin       numbers, one array after the other
      state.json       what they are, and all else of the state
      history.csv      the epochs until then
      manifest.json    the format, the epoch, and size and SHA-256 of each file

One is written as a draft, its files go to the disk, the manifest last, and then it takes its name: the latest is the
newest whose manifest verifies. Here are files alone; what is in them is the training's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dlcli.errors import Problem, RunError
from dlcli.files.replacing import Replacement, is_draft
from dlcli.files.syncing import owed_below, sync_together
from dlcli.runs.inside import open_inside, read_inside, unsafe
from dlcli.runs.strict_json import read_strict

__all__ = ["ARRAYS", "COMMIT_FILES", "HISTORY", "STATE", "Commit", "Commits", "is_commit_name"]

FORMAT = 1
"""Of the directory; another is passed over as if it were damaged."""

ARRAYS, STATE, HISTORY, MANIFEST = "arrays.bin", "state.json", "history.csv", "manifest.json"

COMMIT_FILES = (ARRAYS, STATE, HISTORY, MANIFEST)

_NAME = re.compile(r"epoch-([0-9]{6,9})")

MOST_MANIFEST = 2**16
"""Bytes of a manifest."""

MOST_TEXT = 256 * 2**20
"""Bytes of a commit's state and history."""

_PIECE = 2**20

Part = Iterable[bytes | memoryview]
"""A file's content, piece by piece."""


def is_commit_name(name: str) -> bool:
    """Whether a file name is that of a committed epoch.

    Example:
        >>> is_commit_name("epoch-000007"), is_commit_name("epoch-000007.keras")
        (True, False)
    """
    return _NAME.fullmatch(name) is not None


@dataclasses.dataclass(frozen=True)
class Commit:
    """A committed epoch whose manifest has been verified.

    Args:
        path: Its directory.
        epoch: How many whole epochs were trained.
        sizes: Bytes of each file.
    """

    path: Path
    epoch: int
    sizes: Mapping[str, int]

    def read(self, name: str) -> bytes:
        """The content of one of its files.

        Raises:
            RunError: It is no longer what was verified.
        """
        try:
            content = read_inside(self.path / name, most=self.sizes[name])
        except OSError as error:
            raise _damaged(self.path / name, error.strerror or str(error)) from error
        if len(content) != self.sizes[name]:
            raise _damaged(self.path / name, "it was cut short")
        return content

    def state(self) -> dict[str, Any]:
        """What `state.json` says.

        Raises:
            RunError: It is no JSON object.
        """
        try:
            return read_strict(self.read(STATE), finite=False)  # the best loss before the first is infinite
        except ValueError as error:
            raise _damaged(self.path / STATE, str(error)) from error


class Commits:
    """The committed epochs of a run.

    Args:
        directory: Its `checkpoints/`.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, epoch: int, files: Mapping[str, Part], *, keep: int) -> None:
        """Commit an epoch, and remove the ones before it but for the newest.

        Args:
            epoch: How many whole epochs are trained.
            files: What it consists of, by name.
            keep: How many commits stay, this one included.

        Raises:
            OSError: The disk is full, or the system refuses; the commits before are as they were.
        """
        target = self._directory / f"epoch-{epoch:06d}"
        replacement = Replacement(target)
        try:
            self._directory.mkdir(exist_ok=True)  # and not the run, which somebody may have moved away
            replacement.draft.mkdir()
            entries = {name: _write(replacement.draft / name, part) for name, part in files.items()}
            manifest = {"format": FORMAT, "epoch": epoch, "files": entries}
            _write(replacement.draft / MANIFEST, [json.dumps(manifest, indent=2).encode()])
            written = [replacement.draft / name for name in (*files, MANIFEST)]
            sync_together([*written, replacement.draft, *owed_below(self._directory.parent)])
            if target.exists():  # of a training that went on from an epoch before it
                _remove(target)
            replacement.commit()
        finally:
            replacement.discard()
        self._keep([epoch, *(number for number in self.epochs() if number < epoch)][:keep])

    def epochs(self) -> list[int]:
        """The epochs that have a directory, newest first; what is in them is not looked at."""
        try:
            names = os.listdir(self._directory)
        except OSError:
            return []
        return sorted((int(match[1]) for name in names if (match := _NAME.fullmatch(name))), reverse=True)

    def latest(self, *, most: int) -> Commit | None:
        """The newest commit whose manifest verifies; None when there is none.

        Args:
            most: Bytes of numbers that one may have; more are not the model's, and are not read.

        Raises:
            RunError: A commit, or a file of one, is a link, a pipe or a device.
        """
        for epoch in self.epochs():
            commit = self._verified(self._path(epoch), epoch, most)
            if commit is not None:
                return commit
        return None

    def forget_after(self, epoch: int, *, keep: int | None = None) -> None:
        """Remove what is newer than an epoch, and what killed processes have left.

        Args:
            epoch: The newest that stays.
            keep: How many stay; all when None.
        """
        self._keep([number for number in self.epochs() if number <= epoch][:keep])

    def _path(self, epoch: int) -> Path:
        """Where the commit of an epoch is; names have six digits or more."""
        return self._directory / f"epoch-{epoch:06d}"

    def _verified(self, path: Path, epoch: int, most: int) -> Commit | None:
        problems = unsafe([path], directories=True) or unsafe(path / name for name in (*_limits(most), MANIFEST))
        if problems:
            raise RunError(problems)
        try:
            manifest = read_strict(read_inside(path / MANIFEST, most=MOST_MANIFEST))
            if manifest["format"] != FORMAT or manifest["epoch"] != epoch:
                return None
            sizes = {}
            for name, limit in _limits(most).items():
                entry = manifest["files"][name]
                if _measured(path / name, limit) != (entry["bytes"], entry["sha256"]):
                    return None
                sizes[name] = int(entry["bytes"])
        except (OSError, ValueError, KeyError, TypeError, RunError):
            return None
        return Commit(path, epoch, sizes)

    def _keep(self, epochs: Iterable[int]) -> None:
        """Remove all commits but some, and drafts."""
        kept = {self._path(epoch).name for epoch in epochs}
        with contextlib.suppress(OSError):
            for name in os.listdir(self._directory):
                stale = is_commit_name(name) and name not in kept
                if stale or (is_draft(name) and is_commit_name(name.rpartition(".")[2])):
                    _remove(self._directory / name)


def _limits(most: int) -> dict[str, int]:
    return {ARRAYS: most, STATE: MOST_TEXT, HISTORY: MOST_TEXT}


def _write(path: Path, part: Part) -> dict[str, Any]:
    """Write a file; its entry in the manifest."""
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for piece in part:
            file.write(piece)
            digest.update(piece)
            size += len(piece)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _measured(path: Path, most: int) -> tuple[int, str] | None:
    """Size and hash of a file; None of one that is too large."""
    with open_inside(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            return None
        digest, size = hashlib.sha256(), 0
        while piece := file.read(_PIECE):
            size += len(piece)
            if size > most:
                return None
            digest.update(piece)
        return size, digest.hexdigest()


def _remove(path: Path) -> None:
    """Remove a directory; a link is removed itself. What cannot be removed is left to the next."""
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path)
        else:
            path.unlink()


def _damaged(path: Path, why: str) -> RunError:
    hint = "remove the directory, so that the commit before it is taken"
    return RunError(Problem(f"{path} is damaged: {why}", hint=hint, rule="run-damaged"))
