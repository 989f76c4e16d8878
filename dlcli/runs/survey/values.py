"""What a name such as `test.accuracy`, `val_loss` or `fit.epochs` means of a run, and where that is read.

Of `run.json` first, which is in memory; `history.csv` and `config.yaml` are opened only for a name that needs them.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.document.places import ConfigPath, parse_path
from dlcli.errors import Problem, RunError
from dlcli.runs.survey.directions import BEST, LAST, OF_THE_RUN, SPLITS, direction_in
from dlcli.runs.survey.entries import RunEntry

__all__ = ["Quantity", "Value", "evaluated", "find_quantity", "held_out_split", "history_rows", "unknown_direction"]

Value = float | int | str | bool | None


@dataclasses.dataclass(frozen=True, slots=True)
class Quantity:
    """Something that can be asked of every run.

    Args:
        name: Its full name: `accuracy` is `test.accuracy` where runs have a test split.
        read: What a run has; None where it has nothing.
        way: Which way it is better: `direction`, found out when it is asked.
        is_metric: Whether it has to have a direction to be sorted by.
    """

    name: str
    read: Callable[[RunEntry], Value]
    way: Callable[[], str | None] = lambda: None
    is_metric: bool = False

    @property
    def direction(self) -> str | None:
        """`min` or `max`; None where that is not known."""
        return self.way()


def held_out_split(entries: Iterable[RunEntry]) -> str:
    """The split by which runs are compared: test where any of them has it, else validation, else train."""
    there = {split for entry in entries for split in entry.record.get("metrics") or ()}
    return next((split for split in reversed(SPLITS) if split in there), "train")


def find_quantity(name: str, entries: Sequence[RunEntry]) -> Quantity:
    """What a name means of these runs.

    Args:
        name: `accuracy`, of the held-out split; `test.accuracy`; of the History `val_loss`, its best epoch, and
            `last.val_loss`; of the record `status` or `versions.keras`; of the config `fit.epochs`.
        entries: The runs.

    Raises:
        RunError: None of them has it.
    """
    for find in (_of_record, _of_metrics, _of_history, _of_config):
        quantity = find(name, entries)
        if quantity is not None:
            return quantity
    near = difflib.get_close_matches(name, _known(entries), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"they have: {', '.join(_known(entries)[:12])}"
    raise RunError(Problem(f"none of the runs has {name!r}", hint=hint, rule="run-value"))


def _of_metrics(name: str, entries: Sequence[RunEntry]) -> Quantity | None:
    split, _, metric = name.partition(".")
    if split not in SPLITS or not metric:
        split, metric = held_out_split(entries), name

    def read(entry: RunEntry) -> Value:
        found = entry.metrics_of(split)
        if not found and entry.status != "completed":
            found = evaluated(entry, split)
        return found.get(metric)

    full = f"{split}.{metric}"
    if not _any(read, entries):
        return None
    return Quantity(full, read, _way(full, entries), is_metric=True)


def _way(name: str, entries: Sequence[RunEntry]) -> Callable[[], str | None]:
    return lambda: direction_in(name, (entry.record for entry in entries))


def evaluated(entry: RunEntry, split: str) -> dict[str, float]:
    """Of a run that did not end by itself, what `dlcli evaluate` has found since."""
    if not os.path.isfile(os.path.join(entry.path, "evaluations", f"{split}.json")):
        return {}
    from dlcli.runs.run import Run

    try:
        return Run(entry.path).metrics(split)
    except RunError:
        return {}


def _of_record(name: str, entries: Sequence[RunEntry]) -> Quantity | None:
    parts = _parts(name)

    def read(entry: RunEntry) -> Value:
        if name in ("run", "kind", "status"):
            return {"run": entry.path, "kind": entry.kind, "status": entry.word}[name]
        return _scalar(_at(entry.record, parts))

    if not _any(read, entries):
        return None
    return Quantity(name, read, _way(name, ()) if name in OF_THE_RUN else lambda: None)


def _of_history(name: str, entries: Sequence[RunEntry]) -> Quantity | None:
    metric, last = name.removeprefix(BEST).removeprefix(LAST), name.startswith(LAST)
    direction = direction_in(name, (entry.record for entry in entries))

    def read(entry: RunEntry) -> Value:
        values = history_values(entry, metric)
        if not values:
            return None
        if last or direction is None:
            return values[-1]
        return max(values) if direction == "max" else min(values)

    if not _any(read, entries):
        return None
    if direction is None and not last:
        raise unknown_direction(name)
    return Quantity(name, read, _way(name, entries), is_metric=True)


def unknown_direction(name: str) -> RunError:
    """Nobody says which way a metric is better."""
    message = f"nothing says whether more or less of {name!r} is better"
    hint = f"say it: {name}:max or {name}:min; of the History its last epoch: {LAST}{name.removeprefix(LAST)}"
    return RunError(Problem(message, hint=hint, rule="monitor-direction"))


def history_values(entry: RunEntry, metric: str) -> list[float]:
    """The numbers of a column of a run's `history.csv`; none where there is no such file or column."""
    rows = history_rows(entry)
    return [row[metric] for row in rows if metric in row and row[metric] == row[metric]]


def history_rows(entry: RunEntry) -> list[dict[str, float]]:
    """The epochs of a run; none where they cannot be read."""
    from dlcli.runs.history import read_history

    try:
        return read_history(Path(entry.path, "history.csv"))
    except RunError:
        return []


def _of_config(name: str, entries: Sequence[RunEntry]) -> Quantity | None:
    parts = _parts(name.removeprefix("config."))

    def read(entry: RunEntry) -> Value:
        from dlcli.runs.survey.configs import read_config

        return _scalar(_at(read_config(entry), parts), flow=True)

    return Quantity(name, read) if _any(read, entries) else None


def _parts(name: str) -> ConfigPath:
    """A path as `--set` takes it; what is none leads nowhere."""
    try:
        return parse_path(name) or (name,)
    except ValueError:
        return (name,)


def _at(value: Any, parts: ConfigPath) -> Any:
    """What a path leads to; None where it leads nowhere."""
    for part in parts:
        if isinstance(value, Mapping):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _scalar(value: Any, *, flow: bool = False) -> Value:
    """A value that can be compared; of a config a section as YAML on one line."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return None if value != value else value
    if not flow:
        return None
    from dlcli.config.document.writer import flow as on_one_line

    return on_one_line(value)


def _any(read: Callable[[RunEntry], Value], entries: Sequence[RunEntry]) -> bool:
    return any(read(entry) is not None for entry in entries)


def _known(entries: Sequence[RunEntry]) -> list[str]:
    """What can be asked of them, the metrics first."""
    names: dict[str, None] = {}
    for entry in entries:
        names.update({f"{split}.{metric}": None for split, values in entry.metrics.items() for metric in values})
    for entry in entries[:20]:
        names.update({name: None for row in history_rows(entry)[:1] for name in row})
        names.update({name: None for name, value in entry.record.items() if _scalar(value) is not None})
    return list(names)
