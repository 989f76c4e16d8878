"""What all trials of a sweep share, so that their results can be compared: the rows, the code, and given weights."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.document.places import parse_path
from dlcli.config.schema.sweep import SweepConfig
from dlcli.data.cache.fingerprint import fingerprint
from dlcli.errors import Problem, RunError
from dlcli.jobs.resuming import other_sources
from dlcli.model.pretrained.beginning import Beginning
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import open_several
from dlcli.sweeps.folder import SweepFolder
from dlcli.trained.recorded_files import recorded_files

__all__ = ["BegunWith", "require_alike", "require_unchanged", "sources_searched"]

_SAID = ("train", "validation", "test")


def sources_searched(sweep: SweepConfig) -> frozenset[str]:
    """The parameters that say which files are read: trials with other values of them have other rows."""
    paths = ((name, parse_path(path)) for name, path in sweep.paths())
    return frozenset(name for name, path in paths if path[:1] == ("data",) and (len(path) < 2 or path[1] in _SAID))


def require_unchanged(folder: SweepFolder) -> None:
    """Before a sweep goes on: the files of its trials are what they were. Those that are elsewhere now are met later.

    Raises:
        RunError: Some are not; all of them.
    """
    known = {
        (each.path, each.sha256)
        for run in folder.trials()
        if folder.said(run)
        for files in recorded_files(run).values()
        for each in files
    }
    known |= {(str(_weights_in(source)), sha256) for source, sha256 in _begun_with(folder)}
    changed = sorted(
        {path for path, sha256 in known if Path(path).exists() and fingerprint(Path(path)).sha256 != sha256}
    )
    if changed:
        raise RunError(_changed(folder, f"{path} has changed since the sweep was begun") for path in changed)


class BegunWith:
    """The weights that trials begin with, which may be overwritten while a sweep goes on: by another training of the
    run that they come from.

    Args:
        folder: The sweep.
    """

    def __init__(self, folder: SweepFolder) -> None:
        self._folder = folder
        self._known: dict[str, str] | None = None

    def require_alike(self, begun: Iterable[Beginning]) -> None:
        """Make sure that a trial begins with what those before it began with.

        Args:
            begun: What it begins with.

        Raises:
            RunError: A file is another now.
        """
        listed = [(each.source, each.sha256) for each in begun]
        if listed and self._known is None:
            self._known = dict(_begun_with(self._folder))
        for source, sha256 in listed:
            if self._known is not None and self._known.setdefault(source, sha256) != sha256:
                raise RunError(_changed(self._folder, f"{source} has changed since the sweep was begun"))


def _begun_with(folder: SweepFolder) -> Iterator[tuple[str, str]]:
    """What each trial, or its folds, began with: the file or run, and the SHA-256 of the weights."""
    for trial in folder.trials():
        several = None
        with contextlib.suppress(RunError):
            several = open_several(trial.path)
        for run in (trial,) if several is None else several.present():
            said = run.read_json(run.record).get("weights") if folder.said(run) else None
            for each in said if isinstance(said, list) else ():
                if isinstance(each, dict) and {"source", "sha256"} <= each.keys():
                    yield str(each["source"]), str(each["sha256"])


def _weights_in(source: str) -> Path:
    return RunDirectory(Path(source)).trained if Path(source).is_dir() else Path(source)


def require_alike(
    folder: SweepFolder,
    values: Mapping[str, Any],
    *,
    sources: Collection[str],
    files: Mapping[str, Sequence[Mapping[str, Any]]],
    code: Mapping[str, str],
) -> None:
    """Make sure that a trial has the rows and the code of those before it.

    Args:
        folder: The sweep.
        values: Of the trial.
        sources: See `sources_searched`.
        files: What it reads, by source.
        code: What it runs.

    Raises:
        RunError: It has not.
    """
    if (run := _like(folder, {name: values.get(name) for name in sources})) is None:
        return
    others = other_sources(files, run)
    said = run.read_json(run.record).get("code")
    if isinstance(said, dict) and said != code:  # a folder of folds leaves it to each of them
        others.append("code")
    if others:
        raise RunError(_changed(folder, f"{', '.join(others)} reads other files than when {run.path} was trained"))


def _like(folder: SweepFolder, searched: Mapping[str, Any]) -> RunDirectory | None:
    """A trial before, with the same values of those parameters."""
    for run in folder.trials():
        values = folder.said(run).get("values")
        if not recorded_files(run):
            continue  # of folds of which none is trained yet
        if isinstance(values, dict) and {name: values.get(name) for name in searched} == searched:
            return run
    return None


def _changed(folder: SweepFolder, message: str) -> Problem:
    hint = f"its trials could not be compared: put it back, or begin another sweep beside {folder.path}"
    return Problem(message, hint=hint, rule="sweep-differs")
