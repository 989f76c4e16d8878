"""Run directories in folders, at any depth: no link is followed, and what is damaged is named and passed by."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
from collections.abc import Iterable, Iterator, Sequence

from dlcli.errors import Problem, RunError, did_you_mean
from dlcli.runs.survey.entries import RunEntry, read_entry

__all__ = ["DEFAULT", "Found", "chosen_folders", "find_runs", "open_entry"]

DEFAULT = "runs"
"""The folder in which `dlcli train` puts the runs."""

SIGNS = frozenset({"preprocessing.json", "history.csv", "model.keras", "model.onnx"})
"""Beside `config.yaml` they say that a directory is a run's, whose `run.json` is gone."""

DEEPEST = 32
"""Folders in folders that are looked into."""


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """The runs of some folders.

    Args:
        runs: Each run, a folder of several before its members.
        problems: What is damaged, or could not be read.
    """

    runs: tuple[RunEntry, ...]
    problems: tuple[Problem, ...]


def find_runs(folders: Sequence[str] = (DEFAULT,), *, members: bool = False) -> Found:
    """Find the runs in folders, each once.

    Args:
        folders: Folders, or run directories themselves. A folder of several runs that is named is opened: its members
            are found too.
        members: Open every folder of several runs.

    Raises:
        RunError: A folder that is named is not there, or cannot be looked into; all of those.
    """
    problems = [problem for folder in folders if (problem := _missing(folder)) is not None]
    if problems:
        raise RunError(problems)
    search = _Search(members)
    with _without_collections():
        for folder in folders:
            search.look(os.path.normpath(folder), named=True)
    return Found(tuple(search.runs), tuple(search.problems))


def chosen_folders(named: Iterable[str]) -> list[str]:
    """The folders that are named; where none are, `runs`, if it is there: who has not trained yet has no runs."""
    return list(named) or ([DEFAULT] if os.path.isdir(DEFAULT) else [])


def open_entry(run: str) -> RunEntry:
    """The one run in a directory.

    Raises:
        RunError: There is no such directory, it is none of a run, or damaged.
    """
    problem = _missing(run, what="run directory")
    if problem is not None:
        raise RunError(problem)
    entry = read_entry(run)
    if entry is None:
        hint = f"runs in it: dlcli runs list {run}"
        raise RunError(Problem(f"{run} is not a run directory: it has no run.json", hint=hint, rule="not-a-run"))
    return entry


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Thousands of records come, and all of them stay: to look for garbage among them took a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _missing(folder: str, *, what: str = "folder") -> Problem | None:
    """What is wrong with a folder that is named."""
    if os.path.isdir(folder):
        return None
    if os.path.lexists(folder):
        return Problem(f"{folder} is a file", hint="give a folder of runs, or a run directory", rule="not-a-run")
    above, name = os.path.split(os.path.normpath(folder))
    near = did_you_mean(name, _folders_in(above or "."))
    return Problem(f"there is no {what} {folder}", hint=near, rule="run-missing")


def _folders_in(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return []


class _Search:
    """A walk through folders."""

    def __init__(self, members: bool) -> None:
        self.runs: list[RunEntry] = []
        self.problems: list[Problem] = []
        self._members = members
        self._seen: set[tuple[int, int]] = set()

    def look(self, path: str, *, named: bool = False, depth: int = 0) -> None:
        """Take what is in a directory: a run, or folders in which there may be some."""
        try:
            entry = read_entry(path)
        except RunError as error:
            self.problems += error.problems
            return
        if entry is None:
            self._look_below(path, depth)
        elif not named or self._is_new(path):
            self._take(entry, opened=named or self._members)

    def _take(self, entry: RunEntry, *, opened: bool) -> None:
        self.runs.append(entry)
        for name in entry.members if opened else ():
            path = os.path.join(entry.path, name)
            try:
                member = None if os.path.islink(path) else read_entry(path, member_of=entry.path, depth=entry.depth + 1)
            except RunError as error:
                self.problems += error.problems
                continue
            if member is not None:  # else it has not begun
                self._take(member, opened=True)

    def _look_below(self, path: str, depth: int) -> None:
        if depth > DEEPEST or not self._is_new(path):
            return
        try:
            below, names = _entries(path)
        except OSError as error:
            message = f"cannot look into {path}: {error.strerror or error}"
            self.problems.append(Problem(message, hint="look at its permissions", rule="run-incomplete"))
            return
        if "config.yaml" in names and names & SIGNS:
            hint = "restore the file, or remove the directory"
            self.problems.append(Problem(f"{path} has lost its run.json", hint=hint, rule="run-damaged"))
            return
        for name in below:
            self.look(os.path.join(path, name) if path != "." else name, depth=depth + 1)

    def _is_new(self, path: str) -> bool:
        """Whether a directory is met for the first time: folders that are named may lie in each other."""
        try:
            state = os.stat(path)
        except OSError:
            return False
        key = (state.st_dev, state.st_ino)
        known = key in self._seen
        self._seen.add(key)
        return not known


def _entries(path: str) -> tuple[list[str], set[str]]:
    """The folders in a directory, hidden ones and links left out, and all names in it.

    Raises:
        OSError: It cannot be looked into.
    """
    below, names = [], set()
    with os.scandir(path) as entries:
        for entry in entries:
            names.add(entry.name)
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                below.append(entry.name)
    return sorted(below), names
