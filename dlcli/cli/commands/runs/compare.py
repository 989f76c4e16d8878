"""`dlcli runs compare RUN RUN...`"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.cli.commands.options import Json, Quiet
from dlcli.cli.commands.runs.options import RunPaths, worded
from dlcli.cli.display.console import Console, number

if TYPE_CHECKING:
    from dlcli.runs.survey.comparing import Comparison, MetricRow

__all__ = ["command", "compare"]

BEST = " *"
"""Behind the best of a row."""


def command(runs: RunPaths, json: Json = False, quiet: Quiet = False) -> None:
    """Hold runs against each other: their metrics, the best marked, and the keys of their configs that differ."""
    compare(runs, console=Console(json_only=json, quiet=quiet))


def compare(runs: Sequence[Path], *, console: Console) -> None:
    """Compare and present."""
    from dlcli.runs.survey.comparing import compare_runs

    found = compare_runs([str(run) for run in runs])
    if console.json_only:
        console.json(found.document())
        return
    heads = _heads([entry.path for entry in found.runs])
    console.result(console.table(["", *heads], [[row.name, *_cells(row)] for row in found.metrics]))
    if any(row.best for row in found.metrics):
        console.result("", "* the best")
    _present_settings(found, heads, console)


def _cells(row: MetricRow) -> list[str]:
    """The values of a row; all of them end in the same column, whether marked or not."""
    marks = [BEST if place in row.best else " " * len(BEST) * bool(row.best) for place in range(len(row.values))]
    return [number(value) + mark if value is not None else "" for value, mark in zip(row.values, marks, strict=True)]


def _present_settings(found: Comparison, heads: Sequence[str], console: Console) -> None:
    if not found.settings:
        console.result("", "the configs are the same")
        return
    rows = [
        [
            f"{row.path} (added)" if row.added else row.path,
            *(_value(value, there) for value, there in zip(row.values, row.present, strict=True)),
        ]
        for row in found.settings
    ]
    console.result("", console.table(["config", *heads], rows))


def _value(value: Any, present: bool) -> str:
    return worded(value) if present else "-"


def _heads(paths: Sequence[str]) -> list[str]:
    """The runs by as little of their paths as tells them apart."""
    if len(set(paths)) == 1:
        return list(paths)
    above = os.path.commonpath([os.path.abspath(path) for path in paths])
    shorter = [os.path.relpath(os.path.abspath(path), above) for path in paths]
    return shorter if "." not in shorter else list(paths)
