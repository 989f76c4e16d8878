"""The directory of a sweep: the one home of its file names.

runs/iris-sweep/
  config.yaml            the config with its `sweep`, as it was written, what it extends and overrides put in
  run.json               status, provenance, the trials
  study.journal          the values and results of all trials, a line for each step: Optuna's own format
  origin.json            where the config was written, which its relative names are relative to; its fingerprint; the
                         database, if any
  trial-0001/            an ordinary run for each trial
  trials.csv             a row for each trial
  best.yaml              the config of the best, for `dlcli train`
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dlcli.config.document.document import Document, Position
from dlcli.config.document.overrides import Overrides
from dlcli.config.document.places import format_path, parse_path
from dlcli.config.document.reader import read
from dlcli.config.document.writer import dump
from dlcli.config.inspection.inspection import Inspection, inspect_document
from dlcli.errors import Problem, RunError
from dlcli.files.locks import FileLock
from dlcli.runs.holder import WITHOUT_LOCKS, RunLock
from dlcli.runs.layout import RunDirectory, write_atomically, write_json
from dlcli.runs.members import open_several

__all__ = ["FREE", "WRITES", "SweepFolder", "Written", "same_config"]

_LEASES = ".leases"

WRITES = (
    "origin.json",
    "study.journal",
    "trials.csv",
    "best.yaml",
    ".study.lock",
    ".journal.lock",
    ".keep.lock",
    f"{_LEASES}/*.lock",
)
"""The files of a sweep beside those of any run."""

FREE = ("trials", "minutes", "keep")
"""What may be another of a sweep that goes on."""

_ORIGINS, _STORAGE, _SEARCH = "origins", "storage", "search_sha256"


@dataclasses.dataclass(frozen=True)
class Written:
    """The config of a sweep as it was written, so that every process makes the same of it.

    Args:
        document: What was read.
        directory: What relative names in it are relative to.
    """

    document: Document
    directory: Path

    def inspect(self, overrides: Overrides) -> Inspection:
        """The config with some values."""
        return inspect_document(self.document, self.directory, overrides)

    def origin(self) -> dict[str, Any]:
        """Where it was written, as JSON values."""
        origins = {
            format_path(path): str(Path(place.file).absolute())
            for path, place in self.document.positions.items()
            if isinstance(place.file, Path) and place.file.parent.absolute() != self.directory.absolute()
        }
        return {"directory": str(self.directory.absolute()), _ORIGINS: origins}

    @classmethod
    def of(cls, value: Any, said: Mapping[str, Any]) -> Written | None:
        """A config and what `origin` said of it; None where that says nothing."""
        directory, origins = said.get("directory"), said.get(_ORIGINS)
        if not isinstance(directory, str) or not isinstance(origins, dict):
            return None
        positions = {parse_path(path): Position(Path(str(file))) for path, file in origins.items()}
        return cls(Document(value, positions), Path(directory))


class _Lock(FileLock):
    mode = 0o666  # several people may search together


class SweepFolder:
    """Paths inside the directory of a sweep, and what it says of its config.

    Args:
        path: The directory; kept as it was given, so that messages show what the user wrote.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = RunDirectory(path)
        self.config = path / "config.yaml"
        self.origin = path / "origin.json"
        self.journal = path / "study.journal"
        self.table = path / "trials.csv"
        self.best = path / "best.yaml"

    @staticmethod
    def member(number: int) -> str:
        """The name of a trial's directory; the first has the number 1."""
        return f"trial-{number:04d}"

    def trial(self, number: int) -> RunDirectory:
        """The run of a trial."""
        return RunDirectory(self.path / self.member(number))

    def trials(self) -> Iterator[RunDirectory]:
        """The runs of those that were begun, in their order."""
        for place in sorted(self.path.glob("trial-*")):
            run = RunDirectory(place)
            if run.record.is_file():
                yield run

    def said(self, run: RunDirectory) -> Mapping[str, Any]:
        """What the record of a run says of the trial that it is: its number, its values; nothing of a run that is not
        as the sweep has left it: damaged, or gone on with by `dlcli train --resume`, which makes another run of it."""
        with contextlib.suppress(RunError):
            said = run.read_json(run.record).get("trial") if run.record.is_file() else None
            return said if isinstance(said, dict) else {}
        return {}

    def owns(self, number: int) -> bool:
        """Whether the run of a trial is as the sweep has left it, and so is each of its folds."""
        runs = [self.trial(number)]
        with contextlib.suppress(RunError):
            several = open_several(runs[0].path) if runs[0].record.is_file() else None
            runs += [] if several is None else several.present()
        return all(self.said(run).get("number") == number for run in runs)

    def lease(self, number: int) -> RunLock:
        """The lock of a trial, held by whoever trains it, and beside its directory, which may be replaced.

        Who takes the next trial tries those of all that are trained, and must not wait for each.
        """
        leases = self.path / _LEASES
        with contextlib.suppress(OSError):  # what hinders is told when the lock is taken
            leases.mkdir(exist_ok=True)
        return RunLock(leases / f"{self.member(number)}.lock", readers=False)

    def forget_leases(self) -> None:
        """Remove the locks of trials whose processes died when they had told the result."""
        for file in (self.path / _LEASES).glob("*.lock"):
            lock = RunLock(file, readers=False)
            if lock.take():
                lock.release(remove=True)

    @contextlib.contextmanager
    def exclusive(self, name: str = "study") -> Iterator[None]:
        """Be the only process that looks at the study and changes it; ends with the process, however that ends.

        Where the file system knows no locks a link stands in for one, as in Optuna's own storage.
        """
        lock = _Lock(self.path / f".{name}.lock")
        try:
            lock.acquire()
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise RunError(_unwritable(self.path, error)) from error
            from optuna.storages.journal import JournalFileSymlinkLock

            link = JournalFileSymlinkLock(str(lock.path))
            link.acquire()
            try:
                yield
            finally:
                link.release()
            return
        try:
            yield
        finally:
            lock.release()

    def write(self, written: Written, *, storage: str = "") -> None:
        """Write the config into the directory, which is there.

        Args:
            written: The config.
            storage: The address of the database that has the study, without a password; empty: it is here.

        Raises:
            RunError: It cannot be written.
        """
        said = {**written.origin(), _SEARCH: _fingerprint(written.document.value)}
        write_json(self.origin, {**said, **({_STORAGE: storage} if storage else {})})
        write_atomically(self.config, dump(written.document.value))

    def require_unedited(self) -> None:
        """Make sure that nobody has changed the config since the sweep was begun: its trials could not be compared.

        What is noted is not of the file's bytes, as how long it searches, and how much it keeps, may be another.

        Raises:
            RunError: Somebody has; nothing is said of one that was begun before this was noted.
        """
        known = self.run.read_json(self.origin).get(_SEARCH) if self.origin.is_file() else None
        if known is not None and known != _fingerprint(self.read().document.value):
            message = f"{self.config} has changed since the sweep was begun"
            hint = "put it back; or begin another sweep with it, in another directory (--run-dir)"
            raise RunError(Problem(message, hint=hint, rule="sweep-differs"))

    def storage(self) -> str:
        """The address of the database that has the study, without a password; empty: it is here."""
        said = self.run.read_json(self.origin).get(_STORAGE) if self.origin.is_file() else None
        return said if isinstance(said, str) else ""

    def read(self) -> Written:
        """The config as it was written.

        Raises:
            RunError: It is no directory of a sweep.
        """
        if not (self.config.is_file() and self.origin.is_file()):
            message = f"{self.path} is no directory of a sweep: it has no {self.config.name} and {self.origin.name}"
            raise RunError(Problem(message, hint="give the directory that `dlcli sweep` wrote", rule="not-a-run"))
        written = Written.of(read(self.config).value, self.run.read_json(self.origin))
        if written is None:
            message = f"{self.origin} is damaged: it does not say where the config was written"
            raise RunError(Problem(message, hint="begin another sweep", rule="run-damaged"))
        return written


def _unwritable(path: Path, error: OSError) -> Problem:
    message = f"cannot write the sweep {path}: {error.strerror or error}"
    return Problem(message, hint="choose another --run-dir", rule="not-writable")


def same_config(one: Any, other: Any) -> bool:
    """Whether two configs search the same: how long, and how much is kept, is not of it."""
    return _searched(one) == _searched(other)


def _fingerprint(value: Any) -> str:
    return hashlib.sha256(_searched(value).encode()).hexdigest()


def _searched(value: Any) -> str:
    said = value.get("sweep") if isinstance(value, dict) else None
    sweep = {key: each for key, each in said.items() if key not in FREE} if isinstance(said, dict) else said
    return json.dumps({**value, "sweep": sweep} if isinstance(value, dict) else value, sort_keys=True, default=str)
