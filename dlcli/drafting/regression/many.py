"""Categories of many values, few rows each: a network learns by heart what these tell of the rows that it has seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.data.lint.cells import Cells
from dlcli.drafting.columns import Column
from dlcli.drafting.regression.means import told_by_means
from dlcli.drafting.task import Task

__all__ = ["without_hearsay"]

_ROWS_A_VALUE = 10
"""Rows a value from which on a network finds out by itself what it is worth."""

_TOLD = 0.02
"""The part of the target's variance that it must explain: the number of an aircraft explains 0.003 of its delays, the
name of a restaurant 0.46 of its scores."""

_CLASSES = 20
"""Classes that are told apart; rarer ones count as one."""


def without_hearsay(
    columns: Sequence[Column], targets: Sequence[Cells], task: Task, *, kept: str | None
) -> list[Column]:
    """The columns without those of many categories that tell nothing of any target, unless nothing else is left.

    Args:
        columns: All columns.
        targets: The first values of each that has an output.
        task: What is predicted.
        kept: The column that groups the rows, which is no feature anyhow.
    """
    wanted = [_wanted(target, part) for part, target in zip(task.each, targets, strict=False)]
    if task.kind == "mask" or any(each is None for each in wanted):
        return [*columns]
    told = [each for each in wanted if each is not None]
    found = [column if column.name == kept else _looked_at(column, told) for column in columns]
    return found if any(column.used and column.name != kept for column in found) else [*columns]


def _looked_at(column: Column, wanted: Iterable[NDArray[np.float64]]) -> Column:
    if not column.used or column.feature_type != "category" or column.cells.is_array:
        return column
    different, rows = len(column.cells.different), len(column.cells.column)
    if not different or rows >= _ROWS_A_VALUE * different:
        return column
    told = max(_told(column.cells.codes, each) for each in wanted)
    if told >= _TOLD:
        return column
    why = (
        f"{different:,} values of {rows / different:.1f} rows each tell {100 * told:.1f} % of the target's variance in "
        "other rows, and would be learnt by heart; make it a category to use it all the same"
    )
    return dataclasses.replace(column, used=False, why=why)


def _told(codes: NDArray[np.int64], wanted: NDArray[np.float64]) -> float:
    known = np.isfinite(wanted).all(1)
    return told_by_means(codes[known] + 1, wanted[known])


def _wanted(target: Cells, task: Task) -> NDArray[np.float64] | None:
    """(rows, numbers), NaN where there is none: the ranks of numbers, of which few are far out, or 0 and 1 a class."""
    if target.is_array or task.separator or task.width > 1:
        return None
    known = target.codes >= 0
    if task.kind == "classes":
        counts = np.bincount(target.codes[known], minlength=1)
        places = np.minimum(np.argsort(np.argsort(-counts, kind="stable"), kind="stable"), _CLASSES - 1)
        wanted = np.full((len(known), min(len(counts), _CLASSES)), np.nan)
        wanted[known] = np.eye(wanted.shape[1])[places[target.codes[known]]]
        return wanted
    if target.numbers is None:
        return None
    _, codes, counts = np.unique(target.numbers[known], return_inverse=True, return_counts=True)
    wanted = np.full((len(known), 1), np.nan)
    wanted[known, 0] = (np.cumsum(counts) - counts / 2)[codes]  # of equal numbers the middle one
    return wanted
