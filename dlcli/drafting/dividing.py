"""Which rows are held back, and how they are drawn: by group, in time, by class, or at random."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcli.config.options.types import feature_types
from dlcli.data.lint.apart import are_later, are_of_same
from dlcli.data.lint.cells import Cells
from dlcli.data.lint.entities import has_entities, tells_when
from dlcli.drafting.columns import Column
from dlcli.drafting.looking.apart import Apart
from dlcli.drafting.looking.survey import Survey
from dlcli.drafting.task import Task
from dlcli.drafting.times import moments_of, numbered_times

__all__ = ["Dividing", "as_categories", "candidates", "divide", "orders"]

_FEWEST_ROWS = 10
"""Rows from which on some can be held back."""

_FEWEST_TIMES = 5
"""Different times from which on rows are in time."""

_MATTERS = 0.05
"""The part of the rows of a class without which a model would be another one."""

_LARGE = 100_000
"""Rows from which on chance keeps the proportions of the classes, and a tenth is plenty to measure by."""


@dataclasses.dataclass(frozen=True)
class Dividing:
    """How the rows are divided.

    Args:
        split: As a config says it; None where nothing is drawn.
        why: The reason.
        validation: The part for choosing the epoch; None where the data has a split of its own, or too few rows.
        test: The part that tells how good the model is; likewise.
        group: The column that keeps rows together.
        order: The column that orders the rows.
        other: What else would be thinkable, in words.
        classes_named: Whether the classes must be listed, because training rows may lack some.
        met_again: Columns that tell whose a row is, where those to come are of the same ones.
    """

    split: Any
    why: str
    validation: float | None
    test: float | None
    group: str | None = None
    order: str | None = None
    other: str = ""
    classes_named: bool = False
    met_again: tuple[str, ...] = ()

    def in_folds(self) -> Dividing:
        """The same, and each fold of the rows that are left chooses an epoch for the model that is without it."""
        return dataclasses.replace(self, validation=None)

    def without_validation(self) -> Dividing:
        """The same, and no row is held back to choose an epoch by."""
        drawn = self.test is not None
        return dataclasses.replace(self, validation=None, split=self.split if drawn else None)


def candidates(columns: Sequence[Column]) -> list[str]:
    """The columns of which all rows have to be looked at before they may group them, or order them.

    Of those that may order them it is the first: nearly always that does, and the others would be looked at for
    nothing. Where it does not, `orders` has them.
    """
    first = next((column for column in columns if _may_order(column)), None)
    return [column.name for column in columns if not column.cells.is_array and (_groups(column) or column is first)]


def orders(columns: Sequence[Column], found: Survey) -> list[str]:
    """The columns of which all rows have to be looked at still, because none that was looked at orders them.

    Args:
        columns: The features.
        found: All rows of the candidates.
    """
    unseen = []
    for column in filter(_may_order, columns):
        if column.name not in found.tallies:
            unseen.append(column.name)
        elif _is_whole(column, found):
            break
    return unseen


def divide(
    columns: Sequence[Column],
    task: Task,
    targets: Sequence[Cells],
    found: Survey,
    *,
    own: Sequence[str],
    apart: Apart | None = None,
) -> Dividing:
    """Decide on the splits.

    Args:
        columns: The features.
        task: What is predicted.
        targets: The first values of each that has an output.
        found: All rows of the candidates.
        own: Splits that have a source of their own.
        apart: The rows of one of these: rows are held back as they were.
    """
    rows = found.num_rows - task.missing
    validation, test = _fractions(rows)
    validation = None if "validation" in own else validation
    test = None if "test" in own else test
    groups = [column for column in columns if _groups(column) and _keeps(column, found)]
    again = [column for column in groups if apart is not None and _is_met_again(column, apart)]
    met_again = tuple(column.name for column in again)
    if validation is None and test is None:
        return Dividing(None, "", None, None, classes_named=True, met_again=met_again)
    group = next((column for column in groups if column not in again), None)
    if group is not None and any(column.used and column is not group for column in columns):
        why = (
            f"rows of one {group.name} stay together: what is predicted later is of others, so that it is no feature; "
            "if it is of the same ones, `random`, and a feature of it"
        )
        grouped = Dividing({"group": group.name}, why, validation, test, group=group.name, classes_named=True)
        return dataclasses.replace(grouped, met_again=met_again)
    order = next((column for column in columns if _may_order(column) and _is_whole(column, found)), None)
    drawn = _drawn(task, rows, validation, test)
    if apart is not None and again:
        why = f"rows of one {met_again[0]} are in '{apart.split}' as well: what is predicted is of the same ones"
        drawn = dataclasses.replace(drawn, why=why, met_again=met_again)
    if order is None:
        return drawn
    if apart is not None and not _comes_later(order, apart):
        why = f"{drawn.why}; those of '{apart.split}' lie among the others in {order.name}, and not after them"
        return dataclasses.replace(drawn, why=why)
    if absent := _absent(order, task, targets, found, (validation or 0) + (test or 0)):
        why = f"{drawn.why}; in the order of {order.name} no training row would be of {absent!r}"
        return dataclasses.replace(drawn, why=why)
    why = "the latest rows are held back, as those to predict come later still; `random` if time does not matter"
    why += f" ({unit})" if (unit := numbered_times(order)) else ""
    ordered = Dividing({"ordered": order.name}, why, validation, test, order=order.name, classes_named=True)
    return dataclasses.replace(ordered, met_again=met_again)


def as_categories(columns: Sequence[Column], dividing: Dividing) -> list[Column]:
    """The columns, with those as categories that name who is met again: what they number has no size."""
    category = feature_types().get("category")
    if category is None or not dividing.met_again:
        return [*columns]
    feature = category.model_validate({"type": "category"})
    why = "who or what a row is of, and is met again"
    return [
        dataclasses.replace(column, feature=feature, why=why, otherwise=column.feature_type != "category")
        if column.name in dividing.met_again
        else column
        for column in columns
    ]


def _drawn(task: Task, rows: int, validation: float | None, test: float | None) -> Dividing:
    splits = 1 + (validation is not None) + (test is not None)
    if task.parts:
        why = "rows do not depend on each other; of several targets not all can be had in proportion"
        return Dividing("random", why, validation, test, classes_named=True)
    if task.separator:
        return Dividing("random", "rows of several classes each cannot have all in proportion", validation, test)
    if task.kind in ("number", "mask"):
        return Dividing("random", "rows do not depend on each other, as far as the columns tell", validation, test)
    if rows >= _LARGE:
        return Dividing(
            "random", "among so many rows chance keeps the classes' proportions", validation, test, classes_named=True
        )
    if task.rarest < splits:
        why = f"a class has fewer rows ({task.rarest}) than there are splits, so that not each split can have one"
        return Dividing("random", why, validation, test, classes_named=True)
    return Dividing("stratified", "each class in the same proportion in every split", validation, test)


def _fractions(rows: int) -> tuple[float | None, float | None]:
    if rows < _FEWEST_ROWS:
        return None, None
    if rows < 5_000:
        return 0.15, 0.2
    return (0.1, 0.1) if rows < 1_000_000 else (0.02, 0.02)


def _groups(column: Column) -> bool:
    """Whether a column looks like one of ids that repeat."""
    return column.used and column.feature is not None and has_entities(column.name, column.cells)


def _keeps(column: Column, found: Survey) -> bool:
    tally = found.tallies.get(column.name)
    return tally is not None and not tally.missing


def _is_met_again(column: Column, apart: Apart) -> bool:
    others = apart.columns.get(column.name)
    return others is not None and are_of_same(column.cells, others)


def _comes_later(order: Column, apart: Apart) -> bool:
    """Whether the rows held apart come after the others, as far as anybody can tell."""
    others = apart.columns.get(order.name)
    if others is None or others.is_array:
        return True
    known, moments = moments_of(order), moments_of(dataclasses.replace(order, cells=others))
    return are_later(known, moments)


def _may_order(column: Column) -> bool:
    """Whether a column is the time of a row, as far as the first rows tell."""
    if not column.used or column.cells.is_array or column.feature is None:
        return False
    if column.cells.missing or column.distinct < _FEWEST_TIMES:
        return False
    if column.feature.type not in ("datetime", "number"):
        return False
    if numbered_times(column):
        return True
    return column.feature.type == "datetime" and tells_when(
        column.name, column.cells, format=column.feature.date_format
    )


def _absent(order: Column, task: Task, targets: Sequence[Cells], found: Survey, held_back: float) -> str:
    """A class that comes later than all rows that would be trained on; empty where there is none, or nobody knows."""
    classes = (target for part, target in zip(task.each, targets, strict=False) if part.kind == "classes")
    absent = (_absent_class(order, each, held_back) for each in classes if len(each.codes) == found.num_rows)
    return next(filter(None, absent), "")


def _absent_class(order: Column, target: Cells, held_back: float) -> str:
    known = np.flatnonzero(target.codes >= 0)
    ordered = target.codes[known][np.argsort(moments_of(order)[known], kind="stable")]
    trained = ordered[: round(len(ordered) * (1 - held_back))]
    absent = np.setdiff1d(ordered, trained)
    matters = np.bincount(ordered)[absent] >= _MATTERS * len(ordered)
    if len(np.unique(trained)) > 1:
        absent = absent[matters]
    return target.names[absent[0]] if len(absent) else ""


def _is_whole(column: Column, found: Survey) -> bool:
    tally = found.tallies.get(column.name)
    if tally is None or tally.missing:
        return False
    if column.feature is not None and (column.feature.date_format or column.feature.type == "number"):
        return True
    return tally.moments
