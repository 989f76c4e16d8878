"""Empty cells that may tell something: of which columns it is worth marking where they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.data.lint.cells import Cells
from dlcli.drafting.columns import Column
from dlcli.drafting.task import Task

__all__ = ["MARK", "mark_gaps"]

MARK = "mark_missing"
"""The option of a feature that marks its empty cells."""

_FREQUENT = 0.05
"""The part of the cells from which on it matters which are filled in."""

_FEWEST = 20
"""Empty cells from which on anything can be learnt of them."""

_FAR = 4.0
"""Deviations from what chance would make of it."""


def mark_gaps(columns: Iterable[Column], targets: Sequence[Cells], task: Task) -> list[Column]:
    """The columns, with a mark for empty cells where these are many, or go with a target."""
    marked = []
    for column in columns:
        whys = (_why(column, target, part) for part, target in zip(task.each, targets, strict=False))
        if column.used and column.feature is not None and (why := next(filter(None, whys), "")):
            feature = column.feature.model_copy(update={MARK: True})
            column = dataclasses.replace(column, feature=feature, why=f"{column.why}; {why}")
        marked.append(column)
    return marked


def _why(column: Column, target: Cells, task: Task) -> str:
    if column.cells.is_array or column.feature is None or MARK not in type(column.feature).model_fields:
        return ""
    rows, missing = len(column.cells.column), column.cells.missing
    if not _FEWEST <= missing <= rows - _FEWEST:
        return ""
    if not target.is_array and _tells(column.cells.codes < 0, target, classes=task.kind == "classes"):
        return "that it is missing goes with the target, and is a feature too"
    return (
        f"missing in {100 * missing / rows:.0f} % of the rows, which are marked" if missing >= _FREQUENT * rows else ""
    )


def _tells(missing: NDArray[np.bool_], target: Cells, *, classes: bool) -> bool:
    """Whether the target of rows with an empty cell is another one than chance would have."""
    known = target.codes >= 0
    missing = missing[known]
    both = np.bincount(missing, minlength=2)
    if both.min() < _FEWEST:
        return False
    if classes:
        return _apart(missing, target.codes[known]) > _FAR
    numbers = target.numbers
    if numbers is None:
        return False
    ranks = np.argsort(np.argsort(numbers[known], kind="stable"), kind="stable")
    apart = ranks[missing].mean() - ranks[~missing].mean()
    return bool(abs(apart) > _FAR * ranks.std() * np.sqrt((1 / both).sum()))


def _apart(missing: NDArray[np.bool_], classes: NDArray[np.int64]) -> float:
    """Chi square of both, in its own deviations."""
    width = int(classes.max()) + 1
    seen = np.bincount(missing * width + classes, minlength=2 * width).reshape(2, width)
    seen = seen[:, seen.sum(axis=0) > 0].astype(np.float64)
    freedom = seen.shape[1] - 1
    if not freedom:
        return 0.0
    expected = seen.sum(axis=1, keepdims=True) * seen.sum(axis=0) / seen.sum()
    return float((((seen - expected) ** 2 / expected).sum() - freedom) / np.sqrt(2 * freedom))
