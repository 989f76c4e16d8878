"""How a run gets its directory: chosen early, claimed once, and nobody else's while it is written.

What is replaced is moved aside, and removed when the new run is complete: until then it stands beside it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from dlcli.errors import Problem, RunError
from dlcli.files.locks import locked_directory
from dlcli.files.replacing import is_draft
from dlcli.runs.commits import Commits
from dlcli.runs.contents import foreign_files, is_vacant, is_written_by_dlcli
from dlcli.runs.holder import Holder, RunLock, find_holder
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import kind_of, resume_command

__all__ = ["Claim", "can_go_on", "choose", "claim", "exclusive", "reclaim", "was_left", "way_on"]

SHOWN = 5
"""So many names are listed in a message."""


def choose(name: str, directory: Path | None, *, overwrite: bool, inputs: Iterable[Path] = ()) -> RunDirectory:
    """Say where a new run will go, and find out early whether it can; creates nothing that stays.

    Args:
        name: The config's name; without `directory` the run is `runs/<name>-<NNN>`.
        directory: What `--run-dir` says.
        overwrite: Whether an existing run may be replaced.
        inputs: The config, its data and its code.

    Raises:
        RunError: The directory exists, or cannot be written; what it holds is no run, or not a run alone.
    """
    if directory is None:
        base = Path("runs")
        taken = [number for entry in _entries(base) if (number := _number_of(entry, name))]
        run = RunDirectory(base / f"{name}-{max(taken, default=0) + 1:03d}")
    else:
        run = RunDirectory(directory)
        if "\0" in str(directory):
            raise _refusal(f"cannot create {str(directory)!r}: no file name can hold a NUL")
        with _writing(run):
            _require_idle(run)
            require_free(run, overwrite=overwrite, inputs=inputs)
    ancestor = run.path if run.path.is_dir() and is_vacant(run.path) else _nearest(run.path)
    try:
        with tempfile.TemporaryFile(dir=ancestor):
            pass
    except OSError as error:
        raise RunError(
            Problem(
                f"cannot write the run directory {run.path}: {ancestor}: {error.strerror or error}",
                hint="choose another --run-dir",
                rule="not-writable",
            )
        ) from error
    return run


def require_free(run: RunDirectory, *, overwrite: bool, inputs: Iterable[Path]) -> None:
    """Refuse a directory that may not be taken.

    Raises:
        RunError: All reasons why.
        OSError: It cannot be looked into.
    """
    if run.path.exists() and not run.path.is_dir():
        raise _refusal(f"{run.path} is a file")
    if not run.path.exists() or is_vacant(run.path):
        return
    if not is_written_by_dlcli(run):
        why = f"its {run.record.name} is no record of a run" if run.record.exists() else f"it has no {run.record.name}"
        raise _refusal(f"{run.path} is not empty and is no run directory: {why}")
    if not overwrite:
        hint = "pass --overwrite to replace it, or another --run-dir"
        if can_go_on(run):
            hint = f"go on with it: {way_on(run)}; or {hint}"
        raise _refusal(f"the run {run.path} exists already", hint=hint)
    problems: list[Problem] = []
    if others := foreign_files(run):
        shown = ", ".join(others[:SHOWN]) + (f" and {len(others) - SHOWN} more" if len(others) > SHOWN else "")
        hint = "move what you want to keep, or choose another --run-dir"
        problems += _refusal(f"{run.path} holds what is not of the run: {shown}", hint=hint).problems
    place = os.path.realpath(run.path)
    if inside := [file for file in inputs if _is_below(file, place)]:
        problems += _refusal(f"{run.path} holds an input of the new run: {inside[0]}").problems
    if _is_below(Path.cwd(), place):
        problems += _refusal(f"{run.path} is, or holds, the directory that you work in").problems
    if problems:
        raise RunError(problems)


def was_left(run: RunDirectory) -> bool:
    """Whether a run was ended before its time."""
    if not run.path.is_dir() or not is_written_by_dlcli(run):
        return False
    try:
        return run.read_record().get("status") in ("interrupted", "failed")
    except RunError:
        return False


def can_go_on(run: RunDirectory) -> bool:
    """Whether a run was ended before its time, and has a committed epoch, that its directory tells of; of a folder of
    several runs, whether it has its config."""
    if not was_left(run):
        return False
    try:
        kind = kind_of(run.read_record())
    except RunError:
        return False
    return run.config.is_file() if kind is not None else bool(Commits(run.checkpoints).epochs())


def way_on(run: RunDirectory) -> str:
    """The command that goes on with a run that can be gone on with."""
    return resume_command(kind_of(run.read_record()), run.path)


@dataclasses.dataclass
class Claim:
    """A run directory that is ours.

    Args:
        run: The directory.
        lock: What keeps other processes out.
        replaced: Where the run that was there before is.
    """

    run: RunDirectory
    lock: RunLock
    replaced: Path | None = None

    def complete(self) -> None:
        """The new run is complete: remove the old one, unless somebody has put something into it meanwhile."""
        if self.replaced is not None and not foreign_files(RunDirectory(self.replaced)):
            shutil.rmtree(self.replaced, ignore_errors=True)

    def left(self) -> Path | None:
        """Where the old run still is."""
        return self.replaced if self.replaced is not None and self.replaced.exists() else None

    def undo(self) -> None:
        """Before there is a `run.json`: as if nothing had been."""
        for folder in (self.run.checkpoints, self.run.evaluations):
            with contextlib.suppress(OSError):
                folder.rmdir()
        self.lock.release(remove=True)
        place = os.path.realpath(self.run.path)
        with contextlib.suppress(OSError):
            os.rmdir(place)
            if self.replaced is not None:
                os.rename(self.replaced, place)


@contextlib.contextmanager
def claim(
    run: RunDirectory, *, numbered: bool, overwrite: bool, inputs: Iterable[Path] = (), room: int = 0
) -> Iterator[Claim]:
    """Make the directory, and be the only one who writes into it: two runs that start together get two directories.

    Args:
        run: What `choose` has chosen.
        numbered: Its name ends in a number that may be raised when another run has just taken it.
        overwrite: Replace an existing run.
        inputs: See `choose`.
        room: Bytes of the disk that are put by until the job needs them.

    Raises:
        RunError: The directory exists, cannot be made, or another process writes it; there is no such room.
    """
    with _writing(run), locked_directory(_nearest(run.path)):
        claimed = None
        while claimed is None:
            claimed = _replace(run, list(inputs)) if overwrite else _take(run)
            if claimed is None and numbered:
                stem, number = run.path.name.rsplit("-", 1)
                run = RunDirectory(run.path.with_name(f"{stem}-{int(number) + 1:03d}"))
            elif claimed is None:
                if not overwrite and find_holder(run.lock) is None:
                    require_free(run, overwrite=False, inputs=())
                raise _busy(run)
    try:
        with _writing(run):
            claimed.run.checkpoints.mkdir(exist_ok=True)
            claimed.run.evaluations.mkdir(exist_ok=True)
            claimed.run.put_by(room)
        yield claimed
    finally:
        if not claimed.run.record.exists():
            claimed.undo()
        claimed.run.make_room()
        claimed.lock.release(remove=True)


@contextlib.contextmanager
def reclaim(run: RunDirectory, *, room: int = 0) -> Iterator[Claim]:
    """Take a run up again, and be the only one who writes into it.

    Args:
        run: The run.
        room: See `claim`.

    Raises:
        RunError: Another process writes it, or it cannot be written; there is no such room.
    """
    with exclusive(run) as lock:
        try:
            with _writing(run, there=True):
                run.checkpoints.mkdir(exist_ok=True)
                run.evaluations.mkdir(exist_ok=True)
                _remove_drafts(run)
                run.put_by(room)
            yield Claim(run, lock)
        finally:
            run.make_room()


@contextlib.contextmanager
def exclusive(run: RunDirectory) -> Iterator[RunLock]:
    """Be the only one who writes into a run that is there; the lock.

    Raises:
        RunError: Another process does, or the directory cannot be written.
    """
    lock = RunLock(run.lock)
    with _writing(run, there=True):
        if not lock.take():
            raise _busy(run)
    try:
        yield lock
    finally:
        lock.release(remove=True)


def _remove_drafts(run: RunDirectory) -> None:
    """What a process has left that was killed while it wrote."""
    for folder in (run.path, run.evaluations):
        for entry in os.scandir(folder):
            if is_draft(entry.name) and entry.is_file(follow_symlinks=False):
                os.unlink(entry)


def _take(run: RunDirectory) -> Claim | None:
    """Make the directory, or take one that is vacant; None when it is another's."""
    os.makedirs(os.path.realpath(run.path), exist_ok=True)  # a link may name what was moved aside
    lock = RunLock(run.lock)
    if not is_vacant(run.path) or not lock.take():
        return None
    if not is_vacant(run.path):  # taken, and completed, since we looked
        lock.release(remove=True)
        return None
    return Claim(run, lock)


def _replace(run: RunDirectory, inputs: list[Path]) -> Claim | None:
    """Move a run aside and take its place; None when another process has it."""
    if not run.path.exists() or is_vacant(run.path):
        return _take(run)
    lock = RunLock(run.lock)
    if not lock.take():
        return None
    try:
        require_free(run, overwrite=True, inputs=inputs)
        place = Path(os.path.realpath(run.path))
        aside = _aside(place)
        os.rename(place, aside)
    except BaseException:
        lock.release(remove=True)
        raise
    taken = None
    try:
        taken = _take(run)
    finally:
        lock.path = aside / run.lock.name
        lock.release(remove=True)
        if taken is None and not place.exists():
            os.rename(aside, place)
    return None if taken is None else dataclasses.replace(taken, replaced=aside)


def _entries(directory: Path) -> list[str]:
    """The names in a directory; none where there is none, or where we may not look."""
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _number_of(entry: str, name: str) -> int | None:
    """The number of a run's directory, `iris-007`; None of all else, such as `iris-²` and `iris-2024-01-31`."""
    match = re.fullmatch(rf"{re.escape(name)}-([0-9]{{1,9}})", entry)
    return int(match[1]) if match else None


def _nearest(path: Path) -> Path:
    """The directory that a path is in, or the nearest above that there is."""
    place = Path(os.path.realpath(path)).parent
    while not place.exists():
        place = place.parent
    return place


def _aside(place: Path) -> Path:
    """A name beside a run that nothing has."""
    aside, number = place.with_name(f"{place.name}.replaced"), 1
    while os.path.lexists(aside):
        number += 1
        aside = place.with_name(f"{place.name}.replaced-{number}")
    return aside


def _require_idle(run: RunDirectory) -> None:
    """Refuse a directory that another process writes."""
    if find_holder(run.lock) is not None:
        raise _busy(run)


def _is_below(file: Path, directory: str) -> bool:
    places = (os.path.realpath(file), os.path.abspath(file))
    return any(Path(place).is_relative_to(directory) for place in places)


def _refusal(message: str, hint: str = "choose another --run-dir") -> RunError:
    return RunError(Problem(message, hint=hint, rule="run-exists"))


def _busy(run: RunDirectory) -> RunError:
    """Who holds it, as far as that is known by now; of another machine's the way out of a signature that is stale."""
    holder = find_holder(run.lock) or Holder()
    hint = "wait until it ends, or choose another --run-dir"
    if holder.host not in ("", platform.node()):
        hint += f"; if that process has ended, remove {run.lock}"
    message = f"another process is writing the run {run.path}: {holder}"
    return RunError(Problem(message, hint=hint, rule="run-busy"))


@contextlib.contextmanager
def _writing(run: RunDirectory, *, there: bool = False) -> Iterator[None]:
    """What the system refuses is told of the directory; of one that is `there` nobody is sent to another."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        ways = ["make room on that disk"] if full else ["look at its permissions"] if there else []
        hint = ", or ".join([*ways, *([] if there else ["choose another --run-dir"])])
        message = f"cannot {'write into' if there else 'create'} {run.path}: {error.strerror or error}"
        raise RunError(Problem(message, hint=hint, rule="not-writable")) from error
