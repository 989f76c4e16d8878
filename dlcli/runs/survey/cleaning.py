"""Runs that are no longer wanted: chosen, weighed, and removed so that a kill leaves no half of one that looks whole.

A run goes only when dlcli wrote it, nothing writes it, and all that is in it is its own. It is renamed to a hidden name
beside first: what is left of a removal that was killed is found by that name, and removed the next time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dlcli.errors import Problem, RunError
from dlcli.runs.claiming import exclusive
from dlcli.runs.contents import foreign_files, is_written_by_dlcli
from dlcli.runs.holder import find_holder
from dlcli.runs.layout import RunDirectory
from dlcli.runs.survey.conditions import fulfilling
from dlcli.runs.survey.entries import RunEntry
from dlcli.runs.survey.finding import DEFAULT, find_runs, open_entry
from dlcli.runs.survey.listing import NEWEST, problem_document, ranked, split_direction
from dlcli.runs.survey.sizes import size_of
from dlcli.runs.survey.values import find_quantity

__all__ = ["Cleaning", "Removal", "Wanted", "clean_runs", "find_removals", "parse_age"]

_LEFT = re.compile(r"\..{1,80}\.removed-[0-9a-f]{12}", re.DOTALL)
"""What a run is renamed to before it is removed."""

_AGE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(|m|h|d|w|minutes?|hours?|days?|weeks?)\s*")
_DAYS = {"m": 1 / 1440, "h": 1 / 24, "d": 1.0, "w": 7.0}


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs are to go: all that is said has to hold.

    Args:
        status: Those that are so: `failed`, `interrupted`, `completed`, `killed`.
        where: Conditions, as of a list.
        older_than: Days since they ended.
        keep: So many stay in any case: the best, or the newest.
        by: What the best are the best by; the newest when None.
        checkpoints: Only what is in their `checkpoints/` goes; of runs that are completed, where no status is said.
    """

    status: Sequence[str] = ()
    where: Sequence[str] = ()
    older_than: float | None = None
    keep: int | None = None
    by: str | None = None
    checkpoints: bool = False

    @property
    def says_nothing(self) -> bool:
        """Whether every run would go."""
        return not (self.status or self.where or self.checkpoints) and self.older_than is None and self.keep is None


@dataclasses.dataclass(frozen=True, slots=True)
class Removal:
    """A directory that is to go, or has gone.

    Args:
        path: The run, or what was left of a removal before.
        bytes: What is in it.
        status: Of the run, for a person; empty of what was left.
        left_over: It is what was left of a removal before.
    """

    path: str
    bytes: int
    status: str = ""
    left_over: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Cleaning:
    """What goes, and what stays though it was meant.

    Args:
        removals: What goes.
        spared: Why others stay: they are running, or hold what is not of the run.
        problems: What is damaged, or could not be removed.
        checkpoints: Only checkpoints go.
        removed: Whether it has been done.
    """

    removals: tuple[Removal, ...]
    spared: tuple[Problem, ...]
    problems: tuple[Problem, ...]
    checkpoints: bool = False
    removed: bool = False

    @property
    def bytes(self) -> int:
        """How much room that makes."""
        return sum(removal.bytes for removal in self.removals)

    def document(self) -> dict[str, Any]:
        """As a JSON value."""
        return {
            "removed": self.removed,
            "checkpoints": self.checkpoints,
            "bytes": self.bytes,
            "runs": [dataclasses.asdict(removal) for removal in self.removals],
            "spared": [problem_document(problem) for problem in self.spared],
            "problems": [problem_document(problem) for problem in self.problems],
        }


def parse_age(text: str) -> float:
    """Days, from `30d`, `12h`, `2 weeks` or a number of days.

    Raises:
        ValueError: It is none.

    Example:
        >>> parse_age("2w"), parse_age("12 hours"), parse_age("30")
        (14.0, 0.5, 30.0)
    """
    form = _AGE.fullmatch(text)
    if form is None:
        raise ValueError(f"expected a time such as 30d, 12h or 2w, got {text!r}")
    return float(form[1]) * _DAYS[form[2][:1] or "d"]


def find_removals(folders: Sequence[str], wanted: Wanted) -> Cleaning:
    """Choose; nothing is changed.

    Raises:
        RunError: Nothing is said of which runs are to go; a folder is not there; see `list_runs`.
    """
    if wanted.says_nothing:
        hint = "--status failed,interrupted, --older-than 30d, --keep 5 --by METRIC, --where CONDITION or --checkpoints"
        raise RunError(Problem("every run would be removed: say which", hint=hint, rule="clean-all"))
    found = find_runs(folders, members=wanted.checkpoints)
    runs = [entry for entry in found.runs if wanted.checkpoints or not entry.member_of]
    removals, spared = [], []
    chosen, unranked = _chosen(runs, wanted)
    for entry in chosen:
        reason = unranked.get(entry.path) or _why_not(entry)
        size = size_of(_place(entry, checkpoints=wanted.checkpoints))
        if reason is not None:
            spared.append(reason)
        elif size or not wanted.checkpoints:
            removals.append(Removal(entry.path, size, entry.word))
    left = [] if wanted.checkpoints else [Removal(path, size_of(path), left_over=True) for path in _left(folders, runs)]
    return Cleaning((*removals, *left), tuple(spared), found.problems, wanted.checkpoints)


def clean_runs(
    folders: Sequence[str] = (DEFAULT,), wanted: Wanted | None = None, *, chosen: Cleaning | None = None
) -> Cleaning:
    """Remove runs, or their checkpoints.

    Args:
        folders: Folders of runs.
        wanted: Which of them.
        chosen: What `find_removals` has found and a person agreed to, in place of both.

    Returns:
        What has gone; what could not be removed is among the problems.
    """
    chosen = chosen or find_removals(folders, wanted or Wanted())
    gone: list[Removal] = []
    spared, problems = list(chosen.spared), list(chosen.problems)
    for removal in chosen.removals:
        try:
            if reason := _remove(removal, checkpoints=chosen.checkpoints):
                spared.append(reason)
            else:
                gone.append(removal)
        except RunError as error:
            problems += error.problems
    return Cleaning(tuple(gone), tuple(spared), tuple(problems), chosen.checkpoints, removed=True)


def _chosen(runs: Sequence[RunEntry], wanted: Wanted) -> tuple[list[RunEntry], dict[str, Problem]]:
    """The runs that are meant, in their order, and why some of them stay, by their paths. Those that are best are the
    best of all, not of those that are old; a completed run that has no such value is not worse than one that has."""
    stays: set[str] = set()
    unranked: dict[str, Problem] = {}
    status = wanted.status or (["completed"] if wanted.checkpoints else [])
    if wanted.keep is not None and runs:
        by, direction = NEWEST, None
        if wanted.by is not None:
            name, direction = split_direction(wanted.by)
            by = find_quantity(name, runs)
        stays = {entry.path for entry in ranked(runs, by, direction)[: wanted.keep]}
        if wanted.by is not None:
            without = (entry for entry in runs if entry.status == "completed" and by.read(entry) is None)
            reason, hint = f"it has no {by.name}, and is neither better nor worse", "--where and --status choose it too"
            unranked = {entry.path: _spared(entry.path, reason, hint) for entry in without}
    chosen = fulfilling(runs, wanted.where)
    return [
        entry
        for entry in chosen
        if entry.path not in stays
        and (not status or entry.status in status or entry.word in status)
        and (wanted.older_than is None or _days(entry) > wanted.older_than)
    ], unranked


def _days(entry: RunEntry) -> float:
    """Days since a run ended, or began; none of one that says neither, or is still going on."""
    text = entry.text("finished") or entry.text("started")
    try:
        moment = datetime.datetime.fromisoformat(text)
        age = datetime.datetime.now(datetime.UTC) - moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return 0.0
    return age.total_seconds() / 86_400


def _why_not(entry: RunEntry) -> Problem | None:
    """What keeps a run from being removed."""
    run = RunDirectory(Path(entry.path))
    if os.path.islink(entry.path):
        return _spared(entry.path, "it is a link", "give the directory that it names")
    running = [place for place in _locks(entry) if find_holder(place) is not None]
    if running or entry.status == "running":
        return _spared(entry.path, "it is running", "wait until it ends")
    if not is_written_by_dlcli(run):
        return _spared(entry.path, "its run.json is none that `dlcli train` writes", "remove it yourself")
    if others := foreign_files(run):
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        reason = f"it holds what is not of the run: {', '.join(others[:3])}{more}"
        return _spared(entry.path, reason, "move what you want to keep")
    if Path.cwd().is_relative_to(os.path.realpath(entry.path)):
        return _spared(entry.path, "you work in it", "change to another directory")
    return None


def _spared(path: str, reason: str, hint: str) -> Problem:
    return Problem(f"{path} stays: {reason}", hint=hint, rule="run-spared")


def _locks(entry: RunEntry) -> Iterator[Path]:
    for name in ("", *entry.members):
        yield RunDirectory(Path(entry.path, name)).lock


def _place(entry: RunEntry, *, checkpoints: bool) -> str:
    return os.path.join(entry.path, "checkpoints") if checkpoints else entry.path


def _remove(removal: Removal, *, checkpoints: bool) -> Problem | None:
    """Remove one; why not, when it has begun to run, or got something into it, since it was looked at.

    Raises:
        RunError: The system refuses.
    """
    if removal.left_over:
        with _removing(removal.path):
            shutil.rmtree(removal.path)
        return None
    run = RunDirectory(Path(removal.path))
    try:
        with exclusive(run) as lock:
            entry = open_entry(removal.path)
            if any(find_holder(place) is not None for place in _locks(entry) if place != run.lock):
                return _spared(removal.path, "it is running", "wait until it ends")
            if not checkpoints and foreign_files(run):
                return _spared(removal.path, "something was put into it", "look at it")
            place = _place(entry, checkpoints=checkpoints)
            aside = _aside(place)
            with _removing(place):
                os.rename(place, aside)
                if not checkpoints:
                    lock.path = Path(aside, run.lock.name)
                else:
                    run.checkpoints.mkdir()
                shutil.rmtree(aside)
    except RunError as error:
        if error.problems[0].rule == "run-busy":
            return _spared(removal.path, "it is running", "wait until it ends")
        raise
    return None


def _aside(place: str) -> str:
    above, name = os.path.split(os.path.abspath(place))
    return os.path.join(above, f".{name[-80:].lstrip('.') or 'run'}.removed-{secrets.token_hex(6)}")


@contextlib.contextmanager
def _removing(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"cannot remove {path}: {error.strerror or error}"
        raise RunError(Problem(message, hint="look at its permissions", rule="not-writable")) from error


def _left(folders: Iterable[str], runs: Iterable[RunEntry]) -> list[str]:
    """What is left of removals that were killed, beside the runs."""
    places = dict.fromkeys([*map(os.path.normpath, folders), *(os.path.dirname(entry.path) or "." for entry in runs)])
    found = []
    for place in places:
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            names = sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))
            found += [os.path.join(place, name) for name in names if _LEFT.fullmatch(name)]
    return found
