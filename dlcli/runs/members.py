"""Folders of several runs: an ensemble, the folds of a cross-validation, the trials of a sweep.

Such a folder is a run directory itself: it is claimed, locked and replaced like one, and its `run.json` says the same
of the whole (status, seconds, versions, data), with two words more:

    "kind": "cross_validation"          ensemble, cross_validation or sweep; a training has no kind
    "members": ["fold-1", "fold-2"]     the runs in it, in their order: directories of the folder

Each member is an ordinary run. The folder has no `history.csv` and no model of its own: `epochs` are those of all its
members together, and `metrics` say of a split the mean over them.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast, get_args

from dlcli.errors import Problem, RunError
from dlcli.runs.inside import unsafe
from dlcli.runs.layout import RunDirectory, needs_leave

__all__ = [
    "WORDS",
    "Kind",
    "Several",
    "kind_of",
    "member_facts",
    "member_names",
    "numbered_names",
    "open_several",
    "resume_command",
]

Kind = Literal["ensemble", "cross_validation", "sweep"]

MOST_MEMBERS = 100_000
"""Of a folder; a record that lists more was not written by a job."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""A name of a directory of the folder: nothing that leads elsewhere."""


@dataclasses.dataclass(frozen=True)
class Several:
    """A folder of several runs.

    Args:
        directory: The folder.
        kind: What the runs are to each other.
        names: Those of its members, in their order.
        record: Its `run.json`.
    """

    directory: RunDirectory
    kind: Kind
    names: tuple[str, ...]
    record: Mapping[str, Any]

    def place(self, name: str) -> RunDirectory:
        """The directory of a member, whatever is there."""
        return RunDirectory(self.directory.path / name)

    def present(self) -> tuple[RunDirectory, ...]:
        """The members that have a record, whatever became of them."""
        places = map(self.place, self.names)
        return tuple(place for place in places if place.record.is_file())

    @property
    def is_whole(self) -> bool:
        """Whether it came to its end, and all members are still there."""
        return self.record.get("status") == "completed" and len(self.present()) == len(self.names)

    def trained(self) -> tuple[RunDirectory, ...]:
        """All members, each with its model.

        Raises:
            RunError: A member is absent, incomplete or damaged; all that are, by their names.
        """
        found, problems = [], []
        for name in self.names:
            try:
                found.append(RunDirectory.open(self.directory.path / name))
            except RunError as error:
                problems += [self._of_member(name, each) for each in error.problems]
        if problems:
            raise RunError(problems)
        return tuple(found)

    def _of_member(self, name: str, problem: Problem) -> Problem:
        whole = WORDS[self.kind]
        message = f"{name} of the {whole} {self.directory.path} cannot be used: {problem.message}"
        hint = "put it back, or train the whole again"
        if self.record.get("status") == "running":
            hint = "wait until it ends"
        elif not self.is_whole:
            hint = f"go on with it: {resume_command(self.kind, self.directory.path)}"
        return dataclasses.replace(problem, message=message, hint=hint)


WORDS: Mapping[Kind, str] = {"ensemble": "ensemble", "cross_validation": "cross-validation", "sweep": "sweep"}
"""What a kind is called."""


def resume_command(kind: Kind | None, path: Path) -> str:
    """The command that goes on with a run, or a folder of several, that was ended before its time."""
    commands: Mapping[Kind | None, str] = {
        None: "dlcli train --resume",
        "ensemble": "dlcli train --resume",
        "cross_validation": "dlcli cross-validate --resume",
        "sweep": "dlcli sweep --join",
    }
    return f"{commands[kind]} {shlex.quote(str(path))}{needs_leave(path) if kind != 'sweep' else ''}"


def kind_of(record: Mapping[str, Any]) -> Kind | None:
    """What kind of folder a record is of; None of a training.

    Raises:
        RunError: It says something that is no kind.
    """
    kind = record.get("kind")
    if kind is None:
        return None
    if kind not in get_args(Kind):
        message = f"a run of the kind {str(kind)[:60]!r} is not known: expected {', '.join(get_args(Kind))}"
        raise RunError(Problem(message, hint="upgrade dlcli, or restore its run.json", rule="run-damaged"))
    return cast(Kind, kind)


def member_names(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The members that a record lists.

    Raises:
        RunError: Something else stands there, such as a name that leads out of the folder.
    """
    names = record.get("members")
    if not isinstance(names, list) or len(names) > MOST_MEMBERS:
        message = "it does not list its members" if names is None else "`members` is no list of the runs in it"
    elif wrong := [name for name in names if not isinstance(name, str) or not _NAME.fullmatch(name)]:
        message = f"a member is called {str(wrong[0])[:60]!r}, which is no directory in it"
    elif len(set(names)) < len(names):
        message = "a member is listed twice"
    else:
        return tuple(names)
    raise RunError(Problem(message, hint="restore its run.json, or train again", rule="run-damaged"))


def member_facts(kind: Kind, names: tuple[str, ...] | list[str]) -> dict[str, Any]:
    """What the record of a folder says beside what every record says; see `RunRecord`.

    Example:
        >>> member_facts("ensemble", ["member-1"])
        {'kind': 'ensemble', 'members': ['member-1']}
    """
    return {"kind": kind, "members": list(names)}


def numbered_names(word: str, count: int, *, digits: int = 1) -> tuple[str, ...]:
    """The names of so many members.

    Example:
        >>> numbered_names("fold", 3)
        ('fold-1', 'fold-2', 'fold-3')
    """
    digits = max(digits, len(str(count)))
    return tuple(f"{word}-{number:0{digits}d}" for number in range(1, count + 1))


def open_several(path: Path) -> Several | None:
    """A folder of several runs; None where a path is that of one training.

    Args:
        path: The directory of a run.

    Raises:
        RunError: It is no run, or its record is damaged.
    """
    run = RunDirectory.open(path, trained=False, several=True)
    record = run.read_record()
    try:
        kind = kind_of(record)
        if kind is None:
            return None
        names = member_names(record)
    except RunError as error:
        raise RunError(dataclasses.replace(each, file=run.record) for each in error.problems) from error
    if links := unsafe([path / name for name in names if os.path.lexists(path / name)], directories=True):
        raise RunError(links)
    return Several(run, kind, names, record)
