"""Checks of values that need all rows: targets that are missing or unknown, weights that are none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.document.places import format_path
from dlcli.config.signature import SPLITS
from dlcli.data.columns.arrays import plain_booleans
from dlcli.data.columns.cells import labels, numbers
from dlcli.data.columns.chunk import Column
from dlcli.data.table.rows import Rows
from dlcli.data.values.notations import NUMBER
from dlcli.errors import Problem, first_of

__all__ = [
    "RowLabels",
    "missing_rows",
    "missing_targets",
    "missing_values",
    "named_marks",
    "row_labels",
    "unseen_classes",
    "weight_problems",
]

RowLabels = tuple[NDArray[np.int64], tuple[str, ...]]
"""The code of every row, -1 where the cell is empty, and the text that each code stands for."""


def row_labels(rows: Rows, column: str) -> RowLabels:
    """A whole column as codes of its different texts, in the order of their first row."""
    places: dict[str, int] = {}
    parts: list[NDArray[np.int64]] = []
    for chunk in rows.chunks(columns=[column]):
        cells = labels(chunk.columns[column])
        parts.append(cells.translate(lambda name: places.setdefault(name, len(places)), missing=-1))
    return (np.concatenate(parts) if parts else np.empty(0, np.int64)), tuple(places)


def missing_targets(rows: Rows, columns: Sequence[str], *, target: str) -> list[Problem]:
    """A problem for every target column with empty cells: how many, and the first row."""
    problems = []
    for column in columns:
        empty = missing_rows(rows, column)
        if len(empty):
            values = f"{len(empty)} missing value{'s' * (len(empty) != 1)}"
            hint = "drop these rows, which `missing: drop` of the target does, or fill them in"
            if marks := named_marks(rows.marks.get(column, {})):
                values += f" ({marks})"
                hint += "; where it is a value, data.missing_values: {only: [...]} lists what else is empty"
            problems.append(
                Problem(
                    f"target column {column!r} has {values}, the first in {rows.place(int(empty[0]))}",
                    path=format_path(("data", "target", target)),
                    hint=hint,
                    rule="missing-target",
                )
            )
    return problems


def named_marks(marks: Mapping[str, int]) -> str:
    """The marks that stood for empty cells, in words: `'NA'`; empty when they say nothing.

    Example:
        >>> named_marks({"": 3, "NA": 2})
        "'NA' counts as empty"
    """
    names = [repr(name) for name in marks if name]
    return f"{', '.join(names[:3])} count{'s' * (len(names) == 1)} as empty" if names else ""


def missing_rows(rows: Rows, column: str) -> NDArray[np.int64]:
    """The numbers of the rows without a value."""
    found = []
    for offset, values in zip(rows.offsets, rows.column(column), strict=True):
        empty = missing_values(values)
        if empty is not None:
            found.append(np.flatnonzero(empty) + offset)
    return np.concatenate(found) if found else np.empty(0, np.int64)


def missing_values(values: Column) -> NDArray[np.bool_] | None:
    """Which cells are empty, `(rows,)`; None when none can be."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind != "f":
            return None
        return np.asarray(np.isnan(values.reshape(len(values), -1)).any(axis=1))
    if values.null_count or pa.types.is_floating(values.type):
        return plain_booleans(values.is_null(nan_is_null=True))
    return None


MANY_CLASSES = 20
"""Numbers that are more than this are hardly classes."""


def unseen_classes(
    seen: Sequence[str], found: RowLabels, rows: NDArray[np.int64], *, target: str, split: str, is_fraction: bool
) -> list[Problem]:
    """A problem when rows of a split are of classes that training never showed.

    Args:
        seen: The classes of training.
        found: The class of every row of the source.
        rows: The numbers of the split's rows.
        target: The target's name.
        split: The split's name.
        is_fraction: Whether the split was drawn from the rows of `train`; else it is a source of its own.
    """
    codes, names = found
    known = codes[rows]
    counts = np.bincount(known[known >= 0], minlength=len(names))
    unseen = [(name, int(count)) for name, count in zip(names, counts, strict=True) if count and name not in seen]
    if not unseen:
        return []
    listed = first_of((f"'{name}' ({count} row{'s' * (count != 1)})" for name, count in unseen), 5)
    return [
        Problem(
            f"the {split} split has classes of '{target}' that the training split never shows: {listed}",
            path=format_path(("data", "target", target)),
            hint=(
                _one_in_each(codes, [name for name, _ in unseen], names)
                if is_fraction
                else f"add rows of these classes to data.train, or drop them from data.{split}"
            )
            + _if_amount(names, target),
            rule="unknown-class",
        )
    ]


def _one_in_each(codes: NDArray[np.int64], unseen: Sequence[str], names: Sequence[str]) -> str:
    """How training gets rows of classes that another part of the same rows has."""
    counts = dict(zip(names, np.bincount(codes[codes >= 0], minlength=len(names)), strict=True))
    if min(counts[name] for name in unseen) < len(SPLITS):
        return "a class of fewer rows than there are splits cannot be in each: add rows of it, or drop these"
    return "split: stratified keeps every class in training; or drop these rows"


def _if_amount(names: Sequence[str], target: str) -> str:
    """What is said of classes that are numbers, and too many for classes."""
    if len(names) <= MANY_CLASSES or not all(re.search(NUMBER, name) for name in names):
        return ""
    return f"; is {target!r} an amount? {{{target}: {{type: number}}}}, with a loss and a last layer for numbers"


def weight_problems(rows: Rows, column: str) -> tuple[NDArray[np.float32], list[Problem]]:
    """The weights of all rows, `(rows,)`, or of their steps or pixels, `(rows, *axes)`; and what is wrong with them."""
    weights = np.concatenate([numbers(chunk.columns[column]).values for chunk in rows.chunks(columns=[column])])
    if weights.ndim == 2 and weights.shape[1] == 1:
        weights = weights[:, 0]
    faults = []
    flat = weights.reshape(len(weights), -1)
    for what, wrong in (("missing", np.isnan(flat)), ("negative", flat < 0)):
        places = np.argwhere(wrong)
        if len(places):
            row, first = places[0].tolist()
            count = f"{len(places)} {what} weight{'s' * (len(places) != 1)}"
            value = "" if what == "missing" else f": {flat[row, first]:g}"
            faults.append(_weight(f"column {column!r} has {count}, the first in {rows.place(row)}{value}"))
    if not faults and not weights.any():
        faults.append(_weight(f"all weights in column {column!r} are 0"))
    return weights.astype(np.float32), faults


def _weight(message: str) -> Problem:
    return Problem(
        message,
        path="data.sample_weight",
        hint="a weight is a number, zero or more, in every row",
        rule="sample-weight",
    )
