"""Rows of one person or thing are alike: in both splits, they are tested on what was learnt by heart."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.data.lint.apart import are_of_same
from dlcli.data.lint.cells import Cells
from dlcli.data.lint.entities import has_entities, is_person_name
from dlcli.data.lint.sight import Finding, Sight

__all__ = ["find"]


def find(sight: Sight) -> Iterator[Finding]:
    """The first column that looks like one of groups, where rows are drawn one by one."""
    config, roles = sight.table.config, sight.table.roles
    if sight.is_series or not sight.fractions or config.split not in ("random", "stratified"):
        return
    taken = {*roles.columns}
    others = [name for name in sight.table.infos if name not in taken and is_person_name(name)]
    columns = {name: sight.features[name] for name in sight.single if name in sight.features}
    for name, cells in {**columns, **sight.unused(others)}.items():
        if has_entities(name, cells) and not _are_met_again(sight, sight.single.get(name, name), cells):
            yield Finding(
                "data.split",
                f"rows of one {name!r} are in several splits: what is tested on is of those that were trained on",
                f"use split: {{group: {sight.single.get(name, name)}}}, unless those to come are the same ones",
            )
            return


def _are_met_again(sight: Sight, column: str, cells: Cells) -> bool:
    """Whether rows held apart beforehand are of the same ones: so are those that the model is for."""
    others = sight.held_apart(column)
    return others is not None and are_of_same(cells, others)
