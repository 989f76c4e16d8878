"""The findings about rows: every rule, on one look at them."""

from __future__ import annotations

import dataclasses

from dlcli.config.lint.rules import OF_DIVISION, OF_TABLE, modules_of
from dlcli.data.lint.sight import DividedSight, Sight
from dlcli.data.splits.division import Division
from dlcli.data.table.table import Table
from dlcli.errors import Problem

__all__ = ["Looked", "look_at_division", "look_at_table"]


@dataclasses.dataclass(frozen=True)
class Looked:
    """What a look at the rows has shown.

    Args:
        findings: Of the rules.
        ranges: The least and the most of the features of numbers that come to the model as they are.
        tells_rows_apart: Whether two rows are alike by chance hardly ever.
    """

    findings: tuple[Problem, ...]
    ranges: dict[str, tuple[float, float]]
    tells_rows_apart: bool


def look_at_table(table: Table) -> Looked:
    """Look at the rows, in a moment and in bounded memory: at all of a small table, at some of a large one. What is
    found is the same however they are divided into these splits.

    Args:
        table: Its config filled in.
    """
    sight = Sight(table)
    return Looked(_found(OF_TABLE, sight), sight.ranges(), sight.tells_rows_apart())


def look_at_division(table: Table, division: Division, looked: Looked) -> Looked:
    """Look at how the rows are divided, too.

    Args:
        table: Its config filled in.
        division: Has a `train` split.
        looked: What the table has shown.
    """
    found = _found(OF_DIVISION, DividedSight(table, division, looked.tells_rows_apart))
    return dataclasses.replace(looked, findings=(*looked.findings, *found))


def _found(folders: tuple[str, ...], sight: Sight) -> tuple[Problem, ...]:
    return tuple(
        Problem(each.message, path=each.path, hint=each.hint, rule=name)
        for name, rule in modules_of(folders).items()
        for each in rule.find(sight)
    )
