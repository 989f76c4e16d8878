"""Runs side by side: their metrics with the best marked, and of their configs what differs; and two of them in full."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli.config.document.places import ConfigPath, format_path
from dlcli.errors import Problem, RunError
from dlcli.runs.comparing import Difference, differences
from dlcli.runs.survey.alignment import Alignment, Change, align
from dlcli.runs.survey.configs import load_config
from dlcli.runs.survey.directions import SPLITS, direction_in
from dlcli.runs.survey.entries import RunEntry
from dlcli.runs.survey.finding import open_entry
from dlcli.runs.survey.listing import split_metrics

__all__ = ["Comparison", "MetricRow", "RunDiff", "SettingRow", "compare_runs", "diff_runs"]


@dataclasses.dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric of several runs.

    Args:
        name: With its split: `test.accuracy`.
        values: Of each run; None where it has none.
        direction: Which way it is better; None where that is not known.
    """

    name: str
    values: tuple[float | None, ...]
    direction: str | None

    @property
    def best(self) -> tuple[int, ...]:
        """The places of the best, several where they are the same; none where all are."""
        there = [value for value in self.values if value is not None]
        if self.direction is None or len(set(there)) < 2:
            return ()
        best = min(there) if self.direction == "min" else max(there)
        return tuple(place for place, value in enumerate(self.values) if value == best)


@dataclasses.dataclass(frozen=True, slots=True)
class SettingRow:
    """A key of the config in which runs differ.

    Args:
        path: Where it stands in the first run that has it.
        added: The first of the runs has it not: an item that stands between others, or a key.
        values: Of each run as plain values; a run that has it not has None, and is left out of `present`.
        present: Which runs have it.
    """

    path: str
    added: bool
    values: tuple[Any, ...]
    present: tuple[bool, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """Several runs side by side."""

    runs: tuple[RunEntry, ...]
    metrics: tuple[MetricRow, ...]
    settings: tuple[SettingRow, ...]

    def document(self) -> dict[str, Any]:
        """As a JSON value."""
        return {
            "runs": [entry.document() for entry in self.runs],
            "metrics": [
                {
                    "name": row.name,
                    "direction": row.direction,
                    "values": list(row.values),
                    "best": [self.runs[place].path for place in row.best],
                }
                for row in self.metrics
            ],
            "config": [
                {"path": row.path, "added": row.added, "values": list(row.values), "present": list(row.present)}
                for row in self.settings
            ],
        }


def compare_runs(runs: Sequence[str]) -> Comparison:
    """Hold runs against each other: each metric, and the keys of their configs that are not the same in all.

    Raises:
        RunError: One is no run, or damaged; all of those; or there are less than two.
    """
    entries = _open(runs)
    configs = _configs(entries)
    return Comparison(tuple(entries), tuple(_metric_rows(entries)), tuple(_setting_rows(configs)))


def _open(runs: Sequence[str]) -> list[RunEntry]:
    if len(runs) < 2:
        raise RunError(Problem("a comparison takes two runs or more", hint="name another", rule="run-missing"))
    entries: list[RunEntry] = []
    problems: list[Problem] = []
    for run in runs:
        try:
            entries.append(open_entry(run))
        except RunError as error:
            problems += error.problems
    if problems:
        raise RunError(problems)
    return entries


def _configs(entries: Sequence[RunEntry]) -> list[dict[str, Any]]:
    configs: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for entry in entries:
        try:
            configs.append(load_config(entry))
        except RunError as error:
            problems += error.problems
    if problems:
        raise RunError(problems)
    return configs


def _metric_rows(entries: Sequence[RunEntry]) -> list[MetricRow]:
    records = [entry.record for entry in entries]
    found = [split_metrics(entry) for entry in entries]
    splits = dict.fromkeys([*reversed(SPLITS), *(split for metrics in found for split in metrics)])
    rows = []
    for split in splits:
        names = dict.fromkeys(name for metrics in found for name in metrics.get(split, ()))
        for name in sorted(names, key=lambda each: each != "loss"):
            values = tuple(metrics.get(split, {}).get(name) for metrics in found)
            rows.append(MetricRow(f"{split}.{name}", values, direction_in(f"{split}.{name}", records)))
    rows.append(_row_of_the_run(entries, "epochs", None))
    rows.append(_row_of_the_run(entries, "seconds", "min"))
    rows.append(_row_of_the_run(entries, "parameters", None))
    return [row for row in rows if any(value is not None for value in row.values)]


def _row_of_the_run(entries: Sequence[RunEntry], name: str, direction: str | None) -> MetricRow:
    return MetricRow(name, tuple(entry.number(name) for entry in entries), direction)


def _setting_rows(configs: Sequence[dict[str, Any]]) -> list[SettingRow]:
    """Each run is held against the first; a row for each place in which any of them is another."""
    alignments = [align(configs[0], config) for config in configs]
    first = alignments[0].counterparts
    changed = dict.fromkeys(change.before for each in alignments for change in each.changes if change.before)
    rows = [_row(path, alignments) for path in changed if path in first]
    added: dict[ConfigPath, None] = {}
    for each in alignments:
        added.update({change.after: None for change in each.changes if change.before is None and change.after})
    return [*rows, *(_added_row(path, alignments) for path in added)]


def _row(path: ConfigPath, alignments: Sequence[Alignment]) -> SettingRow:
    present = tuple(path in each.counterparts for each in alignments)
    return SettingRow(format_path(path), False, tuple(each.counterparts.get(path) for each in alignments), present)


def _added_row(path: ConfigPath, alignments: Sequence[Alignment]) -> SettingRow:
    found = [
        next((change for change in each.changes if change.before is None and change.after == path), None)
        for each in alignments
    ]
    values = tuple(None if change is None else change.new for change in found)
    return SettingRow(format_path(path), True, values, tuple(change is not None for change in found))


@dataclasses.dataclass(frozen=True, slots=True)
class RunDiff:
    """What differs between two runs.

    Args:
        before: The one.
        after: The other.
        config: Keys of the resolved config.
        circumstances: Versions, hardware, data, code: all that is not in the config.
        metrics: What both ended with, where it differs.
    """

    before: RunEntry
    after: RunEntry
    config: tuple[Change, ...]
    circumstances: tuple[Difference, ...]
    metrics: tuple[MetricRow, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.config or self.circumstances or self.metrics)

    def document(self) -> dict[str, Any]:
        """As a JSON value."""
        return {
            "before": self.before.path,
            "after": self.after.path,
            "same": self.same,
            "config": [change.document() for change in self.config],
            "circumstances": [dataclasses.asdict(each) for each in self.circumstances],
            "metrics": [
                {"name": row.name, "before": row.values[0], "after": row.values[1], "direction": row.direction}
                for row in self.metrics
            ],
        }


def diff_runs(before: str, after: str) -> RunDiff:
    """What differs between two runs: config, versions, data, numbers.

    Raises:
        RunError: One is no run, or damaged.
    """
    entries = _open([before, after])
    one, other = _configs(entries)
    rows = [row for row in _metric_rows(entries) if row.values[0] != row.values[1] and row.name != "seconds"]
    return RunDiff(
        entries[0],
        entries[1],
        tuple(align(one, other).changes),
        (*_commits(entries[0].record, entries[1].record), *differences(entries[0].record, entries[1].record)),
        tuple(rows),
    )


def _commits(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """The commits of the repository that the configs lay in, where they differ."""
    before, after = (
        str(git.get("commit", "none")) if isinstance(git := record.get("git"), dict) else "none"
        for record in (one, other)
    )
    return [Difference("git.commit", before, after)] if before != after else []
