"""The trials of a sweep, read from its table and its config, without what has chosen them."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from dlcli.config.document.reader import read
from dlcli.config.schema.sweep import SweepConfig
from dlcli.errors import ConfigError, Problem, RunError
from dlcli.runs.inside import read_inside
from dlcli.runs.members import Several

__all__ = ["TABLE", "Search", "Trial", "read_search"]

TABLE = "trials.csv"
COLUMNS = ("trial", "state", "value", "epochs", "seconds", "same_as", "reason")
"""Of the table, before a column for each parameter."""

FOLD_COLUMNS = ("spread", "folds")
"""After those, where trials have folds."""

MOST_BYTES = 256 * 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """A row of the table.

    Args:
        number: From 1 on.
        state: `complete`, `pruned` or `failed`.
        value: What was measured; None where nothing was.
        epochs: Trained.
        seconds: Of the training.
        twin: The number of the trial with the same values, which was not trained again; empty of all others.
        reason: Why it has failed.
        values: Of the parameters, as they are written; those that were left out are not there.
        spread: Of a trial of several folds, of the value among them.
    """

    number: int
    state: str
    value: float | None
    epochs: int
    seconds: float
    twin: str
    reason: str
    values: Mapping[str, str]
    spread: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """A sweep, as far as it has come.

    Args:
        several: Its folder.
        section: What was searched; None where the config does not tell.
        metric: What was measured.
        direction: Which way it is better: `min` or `max`.
        trials: Those that have ended, by their numbers.
        complete: Of these those that came to their end, the best first; repetitions are left out.
        parameters: Their names.
    """

    several: Several
    section: SweepConfig | None
    metric: str
    direction: str
    trials: tuple[Trial, ...]
    complete: tuple[Trial, ...]
    parameters: tuple[str, ...]

    def better(self, one: float, other: float) -> bool:
        """Whether a value is better than another."""
        return one > other if self.direction == "max" else one < other

    def importance(self) -> dict[str, float]:
        """How much of the differences each parameter explains, the most first; empty where that was not told."""
        found = self.several.record.get("importance")
        return {
            str(name): float(each)
            for name, each in (found.items() if isinstance(found, Mapping) else ())
            if isinstance(each, int | float) and math.isfinite(each)
        }


def read_search(several: Several) -> Search:
    """Read what a sweep has left.

    Raises:
        RunError: Its table is damaged.
    """
    record, section = several.record, _section(several)
    metric = record.get("metric") or (section.metric if section is not None else "the metric")
    folded = section is not None and section.folds is not None
    names, trials = _table(several, (*COLUMNS, *FOLD_COLUMNS) if folded else COLUMNS)
    direction = str(record.get("direction", "min"))
    return Search(several, section, str(metric), direction, trials, _ranked(trials, direction), names)


def _ranked(trials: Sequence[Trial], direction: str) -> tuple[Trial, ...]:
    sign = -1 if direction == "max" else 1
    found = [(sign * trial.value, trial.number, trial) for trial in trials if trial.value is not None]
    own = [each for each in found if each[2].state == "complete" and not each[2].twin]
    return tuple(trial for *_, trial in sorted(own, key=lambda each: each[:2]))


def _section(several: Several) -> SweepConfig | None:
    try:
        return SweepConfig.model_validate(read(several.directory.config).value["sweep"])
    except (ConfigError, RunError, ValidationError, KeyError, TypeError):
        return None


def _table(several: Several, columns: Sequence[str]) -> tuple[tuple[str, ...], tuple[Trial, ...]]:
    file = several.directory.path / TABLE
    try:
        content = read_inside(file, most=MOST_BYTES).decode("utf-8")
    except FileNotFoundError:
        return (), ()
    except (OSError, ValueError) as error:
        raise RunError(Problem(f"cannot read {file}: {error}", rule="run-damaged")) from error
    reader = csv.DictReader(io.StringIO(content, newline=""), restval="")
    names = tuple(name for name in reader.fieldnames or () if name not in columns)
    try:
        return names, tuple(sorted((_trial(row, names) for row in reader), key=lambda each: each.number))
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        hint = "`dlcli sweep --join` writes it again"
        raise RunError(Problem(f"{file} is damaged: {error}", hint=hint, rule="run-damaged")) from error


def _trial(row: Mapping[str, Any], names: Sequence[str]) -> Trial:
    return Trial(
        int(row["trial"]),
        row["state"],
        _number(row["value"]),
        int(row["epochs"] or 0),
        float(row["seconds"] or 0),
        row["same_as"],
        row["reason"],
        {name: row[name] for name in names if row[name] != ""},
        _number(row.get("spread", "") if "spread" not in names else ""),
    )


def _number(cell: str) -> float | None:
    value = float(cell) if cell else math.nan
    return value if math.isfinite(value) else None
