"""One run in full: what it learnt from, what came of it, how it was made, and how it is used."""

from __future__ import annotations

import dataclasses
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dlcli.errors import DlcliError
from dlcli.runs.layout import needs_leave
from dlcli.runs.members import kind_of, resume_command
from dlcli.runs.survey.configs import read_config
from dlcli.runs.survey.directions import direction_in
from dlcli.runs.survey.entries import RunEntry
from dlcli.runs.survey.finding import open_entry
from dlcli.runs.survey.listing import split_metrics
from dlcli.runs.survey.sizes import size_of
from dlcli.runs.survey.values import history_rows

__all__ = ["MetricHistory", "RunView", "show_run"]

OF_TIME = ("epoch", "phase", "seconds", "rows_per_second")

MOST_EVALUATIONS = 50


@dataclasses.dataclass(frozen=True, slots=True)
class MetricHistory:
    """A column of the History.

    Args:
        name: Keras's name.
        best: The best value; None where nobody knows which way it is better.
        best_epoch: Its epoch.
        last: The value of the last epoch that has one.
    """

    name: str
    best: float | None
    best_epoch: int | None
    last: float


@dataclasses.dataclass(frozen=True, slots=True)
class RunView:
    """What there is to know of a run.

    Args:
        entry: The run.
        config: Its resolved config as plain values; empty where it cannot be read.
        history: Each metric of the History.
        metrics: The metrics of each split, and of each set of rows that was evaluated.
        files: Bytes of each file and folder in it.
        commands: How it is used, or gone on with.
    """

    entry: RunEntry
    config: Mapping[str, Any]
    history: tuple[MetricHistory, ...]
    metrics: Mapping[str, Mapping[str, float]]
    files: Mapping[str, int]
    commands: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As a JSON value."""
        record = self.entry.record
        said = ("seed", "rows", "batch_size", "steps_per_epoch", "data", "code", "argv", "config_file")
        made = ("working_directory", "versions", "hardware", "device", "git", "execution", "portable", "findings")
        return {
            **self.entry.document(),
            **{name: record.get(name) for name in (*said, *made)},
            "metrics": {split: dict(values) for split, values in self.metrics.items()},
            "history": [dataclasses.asdict(each) for each in self.history],
            "config": dict(self.config),
            "files": dict(self.files),
            "commands": list(self.commands),
        }

    def layers(self) -> list[str]:
        """The items of the list of layers by their names, a component's or a block's."""
        model = self.config.get("model")
        items = model.get("layers") if isinstance(model, Mapping) else None
        return [_called(item) for item in items] if isinstance(items, list) else []

    def setting(self, *path: str) -> Any:
        """A value of the config; None where there is none."""
        value: Any = self.config
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


def show_run(run: str) -> RunView:
    """Read all that a run says of itself.

    Raises:
        RunError: It is no run, or damaged.
    """
    entry = open_entry(run)
    return RunView(
        entry,
        read_config(entry),
        tuple(_history(entry)),
        {**split_metrics(entry), **_evaluations(entry)},
        _files(entry.path),
        tuple(_commands(entry)),
    )


def _called(item: Any) -> str:
    if isinstance(item, Mapping):
        return next((str(key) for key in item if str(key)[:1].isupper()), str(item.get("block", "layers")))
    return str(item)


def _history(entry: RunEntry) -> Iterable[MetricHistory]:
    rows = history_rows(entry)
    for name in dict.fromkeys(name for row in rows for name in row if name not in OF_TIME):
        values = [(row[name], int(row.get("epoch", 0))) for row in rows if row.get(name, float("nan")) == row.get(name)]
        direction = direction_in(name, [entry.record])
        if not values:
            continue
        best: tuple[float | None, int | None] = (None, None)
        if direction is not None:
            best = min(values, key=lambda each: each[0] if direction == "min" else -each[0])
        yield MetricHistory(name, *best, values[-1][0])


def _evaluations(entry: RunEntry) -> dict[str, dict[str, float]]:
    """Of the rows that were evaluated beside the splits, and of splits that were evaluated again."""
    from dlcli.runs.run import Run

    try:
        names = sorted(os.listdir(os.path.join(entry.path, "evaluations")))
    except OSError:
        return {}
    found = {}
    for name in [each.removesuffix(".json") for each in names if each.endswith(".json")][:MOST_EVALUATIONS]:
        try:
            found[name] = dict(Run(entry.path).metrics(name))
        except DlcliError:
            continue
    return found


def _files(path: str) -> dict[str, int]:
    with os.scandir(path) as entries:
        found = sorted((entry.name, entry.is_dir(follow_symlinks=False), entry.path) for entry in entries)
    sizes = {}
    for name, is_folder, place in found:
        if not name.startswith("."):
            sizes[f"{name}/" if is_folder else name] = size_of(place) if is_folder else os.lstat(place).st_size
    return sizes


def _commands(entry: RunEntry) -> Iterable[str]:
    """What may be done with the run as it is."""
    run, leave = shlex.quote(entry.path), needs_leave(Path(entry.path))
    if entry.members:
        yield f"dlcli runs list {run}"
    kind = kind_of(entry.record)
    if entry.status in ("interrupted", "failed"):
        yield resume_command(kind, Path(entry.path))
    if entry.status == "running" or (kind is None and not _has_model(entry.path)):
        return
    if kind == "sweep" or (kind is not None and entry.status != "completed"):
        return
    yield f"dlcli predict {run} INPUT"
    yield f"dlcli evaluate {run} DATA{leave}"
    if entry.kind == "training":
        yield f"dlcli export {run} --format onnx -o model.onnx{leave}"
        yield f"dlcli reproduce {run}{leave}"


def _has_model(path: str) -> bool:
    return any(os.path.isfile(os.path.join(path, name)) for name in ("model.keras", "model.weights.h5", "model.onnx"))
