"""A list of runs: those that are meant, in the order that is asked for, with the metrics that most of them have."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from dlcli.errors import Problem
from dlcli.runs.survey.conditions import fulfilling
from dlcli.runs.survey.directions import SPLITS
from dlcli.runs.survey.entries import RunEntry
from dlcli.runs.survey.finding import DEFAULT, find_runs
from dlcli.runs.survey.values import (
    Quantity,
    Value,
    evaluated,
    find_quantity,
    held_out_split,
    history_rows,
    unknown_direction,
)

__all__ = ["RunList", "list_runs", "problem_document", "ranked", "so_far", "split_direction", "split_metrics"]

MOST_METRICS = 4
"""Columns of metrics, where none are asked for."""

NEWEST = Quantity("started", lambda entry: entry.text("started") or None, lambda: "max")


@dataclasses.dataclass(frozen=True, slots=True)
class RunList:
    """Runs in their order.

    Args:
        runs: Each run; members that were opened follow the folder that they belong to.
        columns: What is shown of each beside the usual: metrics, or what was asked for.
        problems: What is damaged, or could not be read.
    """

    runs: tuple[RunEntry, ...]
    columns: tuple[Quantity, ...]
    problems: tuple[Problem, ...] = ()

    def values(self, entry: RunEntry) -> list[Value]:
        """What the columns have of a run."""
        return [column.read(entry) for column in self.columns]

    def document(self) -> dict[str, Any]:
        """As a JSON value."""
        names = [column.name for column in self.columns]
        return {
            "runs": [
                {**entry.document(), "values": dict(zip(names, self.values(entry), strict=True))} for entry in self.runs
            ],
            "problems": [problem_document(problem) for problem in self.problems],
        }


def list_runs(
    folders: Sequence[str] = (DEFAULT,),
    *,
    where: Sequence[str] = (),
    sort: str | None = None,
    columns: Sequence[str] = (),
    members: bool = False,
    limit: int | None = None,
) -> RunList:
    """List the runs in folders, at any depth.

    Args:
        folders: Folders, or run directories themselves; a folder of several runs that is named is opened.
        where: Conditions, all of which are to hold; see `conditions.parse_condition`.
        sort: A name as in `where`: the best first where it is known which way that is; `:min` and `:max` behind it say
            it. The newest first when None.
        columns: Names to show; the most frequent metrics of the held-out split when empty.
        members: Open every folder of several runs.
        limit: At most so many, members not counted.

    Raises:
        RunError: A folder is not there; no run has what is asked for; nothing says which way a metric is better.
    """
    found = find_runs(folders, members=members)
    chosen = fulfilling(found.runs, where)
    if not chosen:
        return RunList((), (), found.problems)
    by, direction = NEWEST, None
    if sort is not None:
        name, direction = split_direction(sort)
        by = find_quantity(name, chosen)
    ordered = _opened(ranked(chosen, by, direction), limit)
    names = list(columns) or _usual(chosen, by.name)
    return RunList(tuple(ordered), tuple(find_quantity(each, chosen) for each in names), found.problems)


def split_direction(sort: str) -> tuple[str, str | None]:
    """A name, and which way it is better, where that is said.

    Example:
        >>> split_direction("f1:max"), split_direction("f1")
        (('f1', 'max'), ('f1', None))
    """
    for direction in ("min", "max"):
        if sort.endswith(f":{direction}"):
            return sort.removesuffix(f":{direction}"), direction
    return sort, None


def ranked(entries: Iterable[RunEntry], by: Quantity, direction: str | None = None) -> list[RunEntry]:
    """The runs, the best first; those that have no such value at the end, as they were.

    Args:
        entries: The runs.
        by: What they are sorted by.
        direction: `min` or `max`; the quantity's own when None. Without either numbers rise, and so do texts.

    Raises:
        RunError: It is a metric of which nobody says which way it is better.
    """
    direction = direction or by.direction
    if direction is None and by.is_metric:
        raise unknown_direction(by.name)
    with_values = [(entry, by.read(entry)) for entry in entries]
    there = [each for each in with_values if each[1] is not None]
    there.sort(key=lambda each: _sort_key(each[1]), reverse=direction == "max")
    return [entry for entry, _ in there] + [entry for entry, value in with_values if value is None]


def _sort_key(value: Value) -> tuple[bool, Any]:
    """Numbers before texts."""
    return isinstance(value, str), value


def _opened(ordered: Sequence[RunEntry], limit: int | None) -> list[RunEntry]:
    """The runs, each followed by its members in their order; of members without their folder there is no other."""
    there = {entry.path for entry in ordered}
    below: dict[str, list[RunEntry]] = {}
    for entry in ordered:
        below.setdefault(entry.member_of if entry.member_of in there else "", []).append(entry)
    runs: list[RunEntry] = []
    waiting = below.get("", [])[:limit][::-1]
    while waiting:
        entry = waiting.pop()
        runs.append(entry)
        waiting += below.get(entry.path, [])[::-1]
    return runs


def _usual(entries: Sequence[RunEntry], sort: str) -> list[str]:
    """The loss and the most frequent metrics of the held-out split; what they are sorted by comes first."""
    split = held_out_split(entries)
    counts = Counter(name for entry in entries for name in entry.metrics_of(split))
    names = sorted(counts, key=lambda name: (name != "loss", -counts[name]))
    usual = [f"{split}.{name}" for name in names[:MOST_METRICS]]
    return usual if sort in (*usual, *_SHOWN) else [sort, *usual[: MOST_METRICS - 1]]


_SHOWN = ("run", "kind", "status", "started", "epochs", "seconds")
"""What is shown of every run in any case."""


def split_metrics(entry: RunEntry) -> dict[str, dict[str, float]]:
    """The metrics of each split that a run has; of one that did not end by itself those of `dlcli evaluate`."""
    found = {split: values for split, values in entry.metrics.items() if values}
    for split in SPLITS:
        if split not in found and (values := evaluated(entry, split)):
            found[split] = values
    return found


def so_far(entry: RunEntry) -> dict[str, float]:
    """Of a run that did not end by itself, the losses of its last epoch."""
    if entry.status == "completed":
        return {}
    rows = history_rows(entry)[-1:]
    return {name: value for row in rows for name, value in row.items() if name in ("loss", "val_loss")}


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem as a JSON value."""
    return {"rule": problem.rule, "message": problem.message, "hint": problem.hint or None}
