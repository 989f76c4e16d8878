"""The trackers of a job, told of its events."""

from __future__ import annotations

import functools
import importlib.util
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from dlcli.config.schema.tracking import MlflowConfig, TrackingConfig
from dlcli.errors import Problem, RunError
from dlcli.runs.layout import OWN_NAMES, RunDirectory, write_json
from dlcli.training.events import EpochEnded, Listener, Notice
from dlcli.training.tracking.following import Following
from dlcli.training.tracking.jsonl import JsonlTracker
from dlcli.training.tracking.mlflow import MlflowTracker
from dlcli.training.tracking.tracker import TrackedEnd, TrackedEpoch, TrackedJob, Tracker, parameters_of

__all__ = ["Tracking", "check_tracking", "followers", "written_by_trackers"]

FOLDER_SECONDS = 20.0
"""So long the tracker of a member waits for that of its folder, in its own thread."""

_UNFOLLOWED: set[Path] = set()
"""Folders that were waited for in vain."""


class Tracking:
    """What follows a job, if anything does.

    Args:
        config: The config's section; None where nothing is to follow.
        run: The run directory.
        listener: Told once of each tracker that follows no more.
    """

    def __init__(self, config: TrackingConfig | None, run: RunDirectory, *, listener: Listener) -> None:
        self._run, self._listener = run, listener
        makers = {} if config is None else _makers(config, run.path)
        self._known = _read(run.tracking) if makers else {}
        self._keeping = threading.Lock()
        self._followings = [
            Following(name, make, keep=functools.partial(self._keep, name)) for name, make in makers.items()
        ]

    def begin(self, config: Mapping[str, Any], record: Mapping[str, Any], *, resumed: bool, epochs: int) -> None:
        """The training begins, or goes on.

        Args:
            config: The resolved config as plain values.
            record: What its `run.json` says.
            resumed: Whether it goes on.
            epochs: The whole epochs that it goes on from.
        """
        settings = {name: value for name, value in config.items() if name != "tracking"}
        folder = _folder_of(self._run.path)
        for following in self._followings:
            known = self._known.get(following.name) if resumed else None
            following.begin(
                TrackedJob(
                    directory=self._run.path,
                    name=_name_of(self._run.path),
                    title=str(config.get("name", "run")),
                    parameters=parameters_of(settings),
                    facts=_facts(record),
                    known=_mapping(known),
                    epochs=epochs,
                    folder=dict if folder is None else functools.partial(_of_folder, folder, following.name),
                )
            )

    def epoch(self, event: EpochEnded) -> None:
        """An epoch has ended."""
        metrics = {**event.logs, "seconds": event.seconds, "rows_per_second": event.rows_per_second}
        for following in self._followings:
            following.epoch(TrackedEpoch(event.epoch, time.time(), metrics))
        self._tell()

    def end(
        self, status: str, metrics: Mapping[str, Mapping[str, float | None]], *, files: Sequence[Path] = ()
    ) -> None:
        """The job has ended, and all that it writes is written.

        Args:
            status: `completed`, `interrupted` or `failed`.
            metrics: What it ended with, by split.
            files: Files of the run beside those of any run.
        """
        flat = {
            f"{split}.{name}": value
            for split, values in metrics.items()
            for name, value in values.items()
            if value is not None
        }
        run = self._run
        own = [
            run.config,
            run.record,
            run.history,
            run.preprocessing,
            run.trained,
            run.portable,
            run.report,
            run.card,
        ]
        for following in self._followings:
            following.end(TrackedEnd(status, time.time(), flat, [*own, run.evaluations, run.plots, *files]))
        self._tell()

    def _tell(self) -> None:
        for following in self._followings:
            if (problem := following.problem()) is not None:
                self._listener(Notice(problem, warning=True))

    def _keep(self, name: str, known: Mapping[str, Any]) -> None:
        """Remember what a tracker needs to go on; called in its thread."""
        with self._keeping:  # each tracker has a thread of its own
            self._known = {**self._known, name: dict(known)}
            if self._run.record.is_file():
                write_json(self._run.tracking, self._known)


def _makers(config: TrackingConfig, directory: Path) -> dict[str, Callable[[], Tracker]]:
    """How each tracker of a config is made."""
    makers: dict[str, Callable[[], Tracker]] = {}
    if config.jsonl is not None:
        file = directory / config.jsonl
        makers["jsonl"] = lambda: JsonlTracker(file)
    if config.mlflow is not None:
        makers["mlflow"] = functools.partial(_mlflow, config.mlflow)
    return makers


def _mlflow(config: MlflowConfig) -> Tracker:
    return MlflowTracker(
        tracking_uri=config.tracking_uri,
        experiment=config.experiment,
        run_name=config.run_name,
        tags=config.tags,
        artifacts=config.artifacts,
    )


def check_tracking(config: TrackingConfig | None) -> list[Problem]:
    """The faults that show before anything is trained: a package that is not installed, a file that leaves the run."""
    problems: list[Problem] = []
    if config is None:
        return problems
    if config.mlflow is not None and importlib.util.find_spec("mlflow") is None:
        hint = "pip install 'dlcli[mlflow]', or pip install mlflow-skinny sqlalchemy alembic"
        problems.append(Problem("MLflow is not installed", path="tracking.mlflow", hint=hint, rule="not-installed"))
    if config.jsonl is not None and (fault := _name_fault(config.jsonl)):
        hint = "give a relative name such as 'events.jsonl'"
        problems.append(Problem(f"{config.jsonl!r} {fault}", path="tracking.jsonl", hint=hint, rule="outside-run"))
    return problems


def _name_fault(name: str) -> str:
    pure = PurePosixPath(name)
    if pure.is_absolute() or PureWindowsPath(name).is_absolute() or ".." in pure.parts:
        return "leaves the run directory, where all files of a run are kept"
    if not pure.parts or "\0" in name or len(name.encode("utf-8", "surrogateescape")) > 200:
        return "is no file name"
    return "is a file or folder of the run itself" if pure.parts[0].casefold() in OWN_NAMES else ""


def followers(config: TrackingConfig | None) -> list[str]:
    """The names of the trackers of a config, as the record of a folder has them."""
    return [] if config is None else [name for name in ("jsonl", "mlflow") if getattr(config, name) is not None]


def written_by_trackers(config: TrackingConfig | None) -> list[str]:
    """The files that trackers write into a run, as patterns."""
    import glob

    return [] if config is None or config.jsonl is None else [glob.escape(str(PurePosixPath(config.jsonl)))]


def _read(file: Path) -> dict[str, Any]:
    """What trackers need to go on; nothing where that is not there, or damaged."""
    try:
        return RunDirectory(file.parent).read_json(file) if file.is_file() else {}
    except RunError:
        return {}


def _name_of(directory: Path) -> str:
    """The run's name: that of its directory, and of a member its folder's before."""
    place, folder = directory.absolute(), _folder_of(directory)
    return place.name if folder is None else f"{_name_of(folder)}/{place.name}"


def _folder_of(directory: Path) -> Path | None:
    """The folder of several runs that a run is in."""
    folder = directory.absolute().parent
    try:
        record = json.loads((folder / "run.json").read_bytes()) if (folder / "run.json").is_file() else {}
    except (OSError, ValueError):
        return None
    return folder if isinstance(record, dict) and record.get("kind") is not None else None


def _of_folder(folder: Path, name: str) -> Mapping[str, Any]:
    """What a tracker has given back of a folder, which may have begun a moment ago; called in a tracker's thread."""
    place, until = RunDirectory(folder), time.monotonic() + FOLDER_SECONDS
    while True:
        known = _mapping(_read(place.tracking).get(name))
        if known or folder in _UNFOLLOWED or name not in (_read(place.record).get("tracking") or ()):
            return known
        if time.monotonic() > until:
            _UNFOLLOWED.add(folder)
        time.sleep(0.1)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says in a word: no lists, and nothing of where things lie on this machine."""
    sections = ("rows", "versions", "git")
    found: dict[str, Any] = {name: record.get(name) for name in ("parameters", "device_name", "steps_per_epoch")}
    for section in sections:
        values = record.get(section)
        if isinstance(values, Mapping):
            found |= {f"{section}.{name}": value for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}
