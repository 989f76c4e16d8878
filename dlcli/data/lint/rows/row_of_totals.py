"""A last row that is the sum of all others is none of them, and is far from each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.cells import numbers
from dlcli.data.columns.codec import Column
from dlcli.data.lint.sight import Finding, Sight
from dlcli.data.lint.totals import is_total
from dlcli.data.values.lists import is_list

__all__ = ["find"]

MOST_COLUMNS = 20
"""Columns of numbers that are looked at: a row of totals has one for each that can be summed."""


def find(sight: Sight) -> Iterator[Finding]:
    """The columns whose last number is such a sum."""
    if sight.is_series or (len(sight.left_out) and sight.left_out[-1] == sight.table.rows["train"].num_rows - 1):
        return
    features = {name: column for name, column in sight.single.items() if sight.feature(name).cells == "number"}
    roles, options = sight.table.roles.targets, sight.table.config.target
    targets = {
        name: roles[name][0] for name in sight.targets if (said := options[name]) is not None and said.cells == "number"
    }
    columns = list(dict.fromkeys([*targets.values(), *features.values()]))[:MOST_COLUMNS]
    found = [name for name in columns if is_total(_one_a_row(chunk) for chunk in sight.whole(name))]
    if found:
        named = " and ".join(map(repr, found[:3]))
        yield Finding(
            "data.train",
            f"the last row is none: its {named} {'is' if len(found) == 1 else 'are'} the sum of all rows before it",
            "take it out of the file; where it begins with a word of its own, data.comment: Total leaves it out",
        )


def _one_a_row(column: Column) -> NDArray[np.float64]:
    """The numbers of a column; none of one that has several in a row."""
    several = is_list(column) or (isinstance(column, np.ndarray) and column.size != len(column))
    return np.empty(0) if several else numbers(column).values.reshape(-1)
