"""The run directory: the one home of its file names, and how one is claimed, opened and written.

runs/iris-001/
  config.yaml            fully resolved
  run.json               status, provenance, results
  preprocessing.json     the fitted state of every feature and target
  history.csv            a row per epoch
  checkpoints/           files of ModelCheckpoint, and committed epochs (see `dlcli.runs.commits`)
  initial.weights.h5     what the weights began with, when they were not all drawn
  tracking.json          what trackers need to go on with the run, where there are any
  model.keras            the final (or restored best) model
  model.weights.h5       its weights alone, where Keras cannot write the whole model
  model.onnx             the same model for prediction without TensorFlow, proved equal
  code/                  copies of the user's own Python files, when there are any
  evaluations/           one JSON file a split or data set, and a page on those that the report is not about
  report.html            what a person wants to see of the run
  model_card.md          the same in short, for those who are given the model
  plots/                 the plots of both, as SVG files
  .lock                  held by the process that writes the run, while it does

A folder of several runs is one too, with such a directory for each of its members: see `dlcli.runs.members`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.config.document.file_names import name_problem
from dlcli.config.document.writer import dump
from dlcli.errors import Problem, RunError, did_you_mean
from dlcli.files.replacing import replacing, write_file
from dlcli.files.room import Room
from dlcli.files.syncing import Sync, owed_below, sync_together
from dlcli.runs.aftermath import truthful
from dlcli.runs.inside import read_inside, unsafe
from dlcli.runs.strict_json import read_strict

if TYPE_CHECKING:
    from dlcli.config.schema import Config

__all__ = [
    "FORMAT",
    "INITIAL",
    "OWN_NAMES",
    "ROOM_FOR_THE_END",
    "RunDirectory",
    "copied_names",
    "needs_leave",
    "write_atomically",
    "write_json",
]

FORMAT = 1
"""The version of the run directory's layout, in `run.json`; a higher one is refused."""


ROOM_FOR_THE_END = 2**16
"""Bytes that are kept for `run.json`, so that it can say how a run ended on a full disk."""

MOST_JSON = 256 * 2**20
"""Bytes of a JSON file of a run: the vocabularies of a hundred features, the fingerprints of a million files."""


MOST_LETTERS = 300
"""Of what a record says of an error, in a message."""


def write_atomically(path: Path, content: str | bytes, *, sync: Sync = Sync.NOW) -> None:
    """Write a file that appears whole or not at all.

    Args:
        path: The file.
        content: All of it.
        sync: When it has to be on the disk.

    Raises:
        RunError: The file cannot be written (permissions, a full disk).
    """
    try:
        write_file(path, content, sync=sync)
    except OSError as error:
        raise RunError(Problem(f"cannot write {path}: {error.strerror or error}", rule="not-writable")) from error


def write_json(path: Path, value: Any, *, sync: Sync = Sync.NOW) -> None:
    """Write strict JSON (no NaN: they become null), indented, atomically."""
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path, text, sync=sync)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


INITIAL = "initial.weights.h5"
"""In place of all that the weights of a model began with: a run needs nothing outside of itself."""

OWN_NAMES = frozenset(
    [
        "config.yaml",
        "run.json",
        "preprocessing.json",
        "history.csv",
        "tracking.json",
        "checkpoints",
        "model.keras",
        "model.weights.h5",
        "initial.weights.h5",
        "model.onnx",
        "evaluations",
        "report.html",
        "model_card.md",
        "plots",
        "code",
        ".lock",
    ]
)
"""What a run directory holds by itself; no callback writes under these names."""


def copied_names(files: Sequence[str]) -> list[str]:
    """Where a run keeps the user's Python files, relative to its directory, in the same order; each name once.

    Example:
        >>> copied_names(["/a/layers.py", "/b/layers.py"])
        ['code/layers.py', 'code/layers_1.py']
    """
    names: list[str] = []
    for index, file in enumerate(map(Path, files)):
        taken = f"code/{file.name}" in names
        names.append(f"code/{file.stem}_{index}{file.suffix}" if taken else f"code/{file.name}")
    return names


class RunDirectory:
    """Paths inside one run directory, and its JSON files.

    Args:
        path: The directory; kept as it was given, so that messages show what the user wrote.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.record = path / "run.json"
        self.preprocessing = path / "preprocessing.json"
        self.history = path / "history.csv"
        self.tracking = path / "tracking.json"
        self.checkpoints = path / "checkpoints"
        self.model = path / "model.keras"
        self.weights = path / "model.weights.h5"
        self.initial = path / INITIAL
        self.portable = path / "model.onnx"
        self.evaluations = path / "evaluations"
        self.report = path / "report.html"
        self.card = path / "model_card.md"
        self.plots = path / "plots"
        self.code = path / "code"
        self.lock = path / ".lock"
        self._room: Room | None = None

    def put_by(self, size: int) -> None:
        """Put room by for what the job writes at its end: `size` bytes, and some for `run.json`.

        Raises:
            OSError: There is not so much.
        """
        self._room = Room(self.path, size + ROOM_FOR_THE_END)

    def make_room(self, *, keep: int = 0) -> None:
        """Give back the room that was put by, but for `keep` bytes."""
        if self._room is not None:
            self._room.free(keep=keep)

    def forget_evaluations(self) -> None:
        """Remove what was measured with the model that is about to be replaced by another, and what was told of it."""
        written = (*self.evaluations.glob("*.json"), *self.evaluations.glob("*.html"), *self.plots.glob("*.svg"))
        for file in (*written, self.report, self.card):
            with contextlib.suppress(OSError):
                file.unlink()

    def sync(self) -> None:
        """Wait until what was written of it is on the disk.

        Raises:
            RunError: The disk did not take it.
        """
        try:
            sync_together(owed_below(self.path))
        except OSError as error:
            message = f"cannot write {self.path}: {error.strerror or error}"
            raise RunError(Problem(message, rule="not-writable")) from error

    @property
    def trained(self) -> Path:
        """The file that holds the trained weights; `model.keras` when there is none yet."""
        return self.weights if self.weights.is_file() and not self.model.is_file() else self.model

    def write_inputs(self, config: Config, preprocessing: Mapping[str, Any]) -> None:
        """Write what is known before training: the resolved config, the fitted preprocessing, the user's own code.

        `sync` is to follow.

        Raises:
            RunError: One of them cannot be written.
        """
        config = config.model_copy(update={"code": self.keep_code(config.code)})
        write_atomically(self.config, dump(config.notation()), sync=Sync.SOON)
        write_json(self.preprocessing, preprocessing, sync=Sync.SOON)

    def keep_code(self, files: Sequence[str]) -> list[str]:
        """Copy the user's Python files into the run, so that it needs nothing outside of itself. `sync` is to follow.

        Returns:
            Their new names, relative to the run directory, in the same order.

        Raises:
            RunError: A file cannot be copied.
        """
        names = copied_names(files)
        for file, name in zip(files, names, strict=True):
            try:
                self.code.mkdir(exist_ok=True)
                with replacing(self.path / name, sync=Sync.SOON) as draft:
                    shutil.copyfile(file, draft)
            except OSError as error:
                raise RunError(
                    Problem(f"cannot copy {file} into the run: {error.strerror or error}", rule="not-writable")
                ) from error
        return names

    @classmethod
    def open(cls, path: Path, *, trained: bool = True, several: bool = False) -> RunDirectory:
        """An existing run that can be evaluated and predicted with.

        Args:
            path: The directory.
            trained: Whether it has to have its model; else it may be one to train again, or to go on with.
            several: Whether it may be a folder of several runs (see `dlcli.runs.members`), which has no model itself.

        Raises:
            RunError: There is no such directory, it is no run, it is of a newer version, incomplete, or a folder of
                several runs.
        """
        run = cls(path)
        fault = name_problem(str(path))
        if fault is not None:
            raise RunError(fault)
        if not os.path.exists(path):
            near = (
                did_you_mean(path.name, (p.name for p in path.parent.glob("*") if p.is_dir()))
                if path.parent.is_dir()
                else ""
            )
            raise RunError(Problem(f"there is no run directory {path}", hint=near, rule="run-missing"))
        if not path.is_dir():
            raise RunError(
                Problem(
                    f"{path} is a file, not a run directory",
                    hint="give the directory that `dlcli train` wrote",
                    rule="not-a-run",
                )
            )
        run.require_own_files()
        if not run.record.is_file():
            raise RunError(
                Problem(
                    f"{path} is not a run directory: it has no {run.record.name}",
                    hint="give the directory that `dlcli train` wrote, such as runs/iris-001",
                    rule="not-a-run",
                )
            )
        record = run.read_record()
        found = record.get("format")
        if not isinstance(found, int) or isinstance(found, bool):
            raise RunError(
                Problem(
                    f"{run.record} is no record of a run: it does not say which format it has",
                    hint="give the directory that `dlcli train` wrote",
                    rule="not-a-run",
                )
            )
        if found > FORMAT:
            raise RunError(
                Problem(
                    f"{path} was written by a newer dlcli ({_writer(record)}, "
                    f"run format {found}; this one reads up to {FORMAT})",
                    hint="upgrade dlcli",
                    rule="run-newer",
                )
            )
        if record.get("kind") is not None and not several:
            raise RunError(_several(path, record))
        needed = (run.config, run.preprocessing, run.trained) if trained and not several else (run.config,)
        missing = [file.name for file in needed if not file.is_file()]
        if missing:
            raise RunError(
                Problem(
                    f"{path} is incomplete: {', '.join(missing)} missing; {_state(record)}",
                    hint=_way_on(run, record),
                    rule="run-incomplete",
                )
            )
        return run

    def require_own_files(self) -> None:
        """Make sure that everything in the run that is read, or written to, is its own.

        Raises:
            RunError: A file is a link, a pipe or a device, a folder is a link; all that are.
        """
        files = [
            self.record,
            self.config,
            self.preprocessing,
            self.history,
            self.tracking,
            self.model,
            self.weights,
            self.portable,
        ]
        problems = unsafe([*files, self.initial, self.lock, self.report, self.card])
        problems += unsafe([self.evaluations, self.checkpoints, self.code, self.plots], directories=True)
        if not problems and self.code.is_dir():
            cache = self.code / "__pycache__"  # of earlier versions, and of people; `load_code` never looks into it
            problems = unsafe([cache], directories=True) + unsafe(each for each in self.code.iterdir() if each != cache)
        if problems:
            raise RunError(problems)

    def read_record(self) -> dict[str, Any]:
        """`run.json`, with the status of a run whose process was killed put right: `failed`.

        Raises:
            RunError: See `read_json`.
        """
        return truthful(lambda: self.read_json(self.record), lock=self.lock, history=self.history)

    def read_json(self, path: Path) -> dict[str, Any]:
        """One of the run's JSON files.

        Raises:
            RunError: It is missing, truncated, no JSON object, or not the run's own.
        """
        folder = unsafe([path.parent], directories=True) if path.parent != self.path else []
        if folder:
            raise RunError(folder)
        try:
            return read_strict(read_inside(path, most=MOST_JSON))
        except OSError as error:
            raise RunError(Problem(f"cannot read {path}: {error.strerror or error}", rule="run-incomplete")) from error
        except ValueError as error:
            raise RunError(
                Problem(f"{path} is damaged: {error}", hint="restore the file, or train again", rule="run-damaged")
            ) from error


def _several(path: Path, record: dict[str, Any]) -> Problem:
    """That a folder holds several runs, where one is wanted."""
    names, best = record.get("members"), record.get("best")
    # Most trials of a sweep have lost their models.
    first = best.get("member") if isinstance(best, dict) else names[0] if isinstance(names, list) and names else None
    message = f"{path} is a folder of several runs, and this takes one"
    hint = f"give one of them, such as {path / first[:60]}" if isinstance(first, str) else "give one of them"
    return Problem(message, hint=hint, rule="several-runs")


def needs_leave(run: Path) -> str:
    """What a command on a run is to be given beside the run: the leave to run its own code, when it has some."""
    return " --allow-code" if RunDirectory(run).code.is_dir() else ""


def _state(record: dict[str, Any]) -> str:
    """What a record says became of the run."""
    status, error = record.get("status"), record.get("error")
    return (
        f"its status is {status!r}"
        + (f": {error}" if isinstance(error, str) and error.isprintable() else "")[:MOST_LETTERS]
    )


def _way_on(run: RunDirectory, record: dict[str, Any]) -> str:
    """What to do about a run that is not complete."""
    if record.get("status") == "running":
        return "wait until it ends"
    if record.get("status") != "completed" and run.config.is_file() and run.preprocessing.is_file():
        return f"go on with it: dlcli train --resume {run.path}{needs_leave(run.path)}; or train again"
    if isinstance(record.get("trial"), dict) and run.config.is_file():
        return f"train again: dlcli train {run.config}; a sweep keeps the models of its best alone"
    return "train again"


def _writer(record: dict[str, Any]) -> str:
    """The version that wrote a record, as far as it tells."""
    versions = record.get("versions")
    return str(versions.get("dlcli", "unknown"))[:40] if isinstance(versions, dict) else "unknown"
