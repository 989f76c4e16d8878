"""Rows in time that are drawn at random are tested on a past whose future has been learnt."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.data.columns.instants import instants
from dlcli.data.lint.apart import are_later
from dlcli.data.lint.cells import Cells
from dlcli.data.lint.entities import tells_when
from dlcli.data.lint.sight import Finding, Sight

__all__ = ["find"]

FEWEST = 5
"""Different times from which on rows are in time."""


def find(sight: Sight) -> Iterator[Finding]:
    """The first column of times, where rows are drawn one by one."""
    if sight.is_series or not sight.fractions or sight.table.config.split not in ("random", "stratified"):
        return
    for name, cells in sight.features.items():
        feature = sight.feature(name)
        is_time = feature.cells == "datetime" and not cells.missing and len(cells.different) >= FEWEST
        if is_time and tells_when(name, cells, format=feature.date_format) and _come_later(sight, name, cells):
            yield Finding(
                "data.split",
                f"rows are drawn at random, and {name!r} tells when they were: the test rows lie before training rows",
                f"use split: {{ordered: {sight.single[name]}}}, unless the time does not matter",
            )
            return


def _come_later(sight: Sight, name: str, cells: Cells) -> bool:
    """Whether rows held apart beforehand come after the others; where there are none, they are taken to."""
    others = sight.held_apart(sight.single[name])
    if others is None:
        return True
    format = sight.feature(name).date_format
    known, apart = (instants(each.column, format=format).microseconds for each in (cells, others))
    return are_later(known, apart)
