"""The findings about rows: every rule, on one look at them."""

from __future__ import annotations

import dataclasses

from dlcli.config.lint.rules import OF_DATA, modules_of
from dlcli.data.lint.sight import Sight
from dlcli.data.splits.division import Division
from dlcli.data.table.table import Table
from dlcli.errors import Problem

__all__ = ["Looked", "look_at_rows"]


@dataclasses.dataclass(frozen=True)
class Looked:
    """What a look at the rows has shown.

    Args:
        findings: Of the rules.
        ranges: The least and the most of the features of numbers that come to the model as they are.
    """

    findings: tuple[Problem, ...]
    ranges: dict[str, tuple[float, float]]


def look_at_rows(table: Table, division: Division) -> Looked:
    """Look at the rows, in a moment and in bounded memory: at all of a small table, at some of a large one.

    Args:
        table: Its config filled in.
        division: Has a `train` split.
    """
    sight = Sight(table, division)
    findings = [
        Problem(each.message, path=each.path, hint=each.hint, rule=name)
        for name, rule in modules_of(OF_DATA).items()
        for each in rule.find(sight)
    ]
    return Looked(tuple(findings), sight.ranges())
