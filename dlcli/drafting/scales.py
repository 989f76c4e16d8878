"""Numbers that the preset for tables would hardly see: far ones that matter, and near ones beside a far one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.data.lint.cells import Cells
from dlcli.drafting.columns import Column
from dlcli.drafting.task import Task

__all__ = ["with_scales"]

Numbers = NDArray[np.float64]

_FAR = 5.0
"""Distances of the quartiles beyond which numbers are all held near 3 by `scale: robust`."""

_FEWEST = 20
"""Of such numbers, from which on they tell anything."""

_STRAIGHT, _MATTERS = 0.8, 0.03
"""How straight a target must follow them, and the part of its variance that it must be: delays at the departure say
those at the arrival, of hours as of minutes."""

_NEAR = 0.1
"""Of half the range: within it most numbers lie that are not the one which more than half of the rows have, and
`scale: robust`, which has no quartiles to go by then, makes nearly the same of all of them."""


def with_scales(columns: Sequence[Column], target: Cells, task: Task) -> list[Column]:
    """The columns, with a scale where `robust`, that of the preset, would lose what they tell."""
    return [_scaled(column, target, task) for column in columns]


def _scaled(column: Column, target: Cells, task: Task) -> Column:
    if not column.used or column.feature is None or column.feature_type != "number" or column.cells.is_array:
        return column
    numbers = column.cells.numbers
    if numbers is None or "scale" in column.feature.model_fields_set or not np.isfinite(numbers).any():
        return column
    low, middle, high = np.nanquantile(numbers, [0.25, 0.5, 0.75])
    if high == low:
        return _with(column, "quantile", _crowded(numbers, float(middle)))
    if task.kind == "number" and task.width == 1 and target.numbers is not None:
        return _with(column, "standard", _followed((numbers - middle) / (high - low), target.numbers))
    return column


def _with(column: Column, scale: str, why: str) -> Column:
    if not why or column.feature is None:
        return column
    feature = column.feature.model_copy(update={"scale": scale})
    return dataclasses.replace(column, feature=feature, why=f"{column.why}; {why}")


def _crowded(numbers: Numbers, middle: float) -> str:
    """Why the quantiles scale a column of which most rows have one number."""
    others = np.abs(numbers[np.isfinite(numbers) & (numbers != middle)] - middle)
    if len(others) < _FEWEST or np.median(others) >= _NEAR * (np.nanmax(numbers) - np.nanmin(numbers)) / 2:
        return ""
    return f"most are {middle:g}, and most others near it: by quantiles they are told apart"


def _followed(far: Numbers, target: Numbers) -> str:
    """Why a column is scaled in a straight line; `far` is in distances of its quartiles."""
    known = np.isfinite(far) & np.isfinite(target)
    out = known & (np.abs(far) > _FAR)
    if out.sum() < _FEWEST:
        return ""
    whole = ((target[known] - target[known].mean()) ** 2).sum()
    one, other = far[out] - far[out].mean(), target[out] - target[out].mean()
    products, squares, spread = (one * other).sum(), (one**2).sum(), (other**2).sum()
    if min(squares, spread) <= 0:
        return ""
    if products**2 < _STRAIGHT**2 * squares * spread or products**2 / squares < _MATTERS * whole:
        return ""
    part = 100 * out.sum() / known.sum()
    return f"in a straight line, as the target follows it where it is far out ({part:.1f} % of the rows)"
