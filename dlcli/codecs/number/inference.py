"""Columns and arrays of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.number.schema import NumberFeature, NumberTarget
from dlcli.config.document.places import format_path
from dlcli.config.options.feature import Feature
from dlcli.config.options.section import Divide
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import MOST, FeatureRule, Fit, Hints, TargetFit, TargetRule
from dlcli.errors import Problem

__all__ = ["RULE", "TARGET_RULE"]


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """Numbers, and texts of which most are numbers; none with leading zeros, which are codes."""
    texts = column.kind == "text"
    mostly = column.number_cells >= MOST * column.present and not column.codes
    if column.kind != "number" and not (texts and (column.numbers or mostly)):
        return None
    details = ("constant",) if column.constant else ()
    return Fit(NumberFeature(), details, _doubt(column, name), odd=texts and not column.numbers, marks=False)


def _doubt(column: ColumnProfile, name: str) -> tuple[Problem, ...]:
    """A warning about a column whose values are dates, such as 20150314."""
    dates = column.dates
    if dates is None:
        return ()
    return (
        Problem(
            f"the column {name!r} is taken for a number, and its values look like dates, such as {dates.example}",
            path=format_path(("data", "features", name)),
            hint=f"{{type: datetime, format: {dates.format!r}}}, or {{type: number}} if it is one",
            rule="doubtful-type",
        ),
    )


def _fit_array(first: NDArray[Any]) -> tuple[Feature, str]:
    """All arrays; unsigned bytes of several dimensions are images."""
    note = f"number of shape ({', '.join(map(str, first.shape[1:]))})"
    if first.dtype == np.uint8 and first.ndim > 2:
        return NumberFeature(scale=Divide(divide=255.0)), f"{note}, image: divided by 255"
    return NumberFeature(), note


def _fit_target(column: ColumnProfile, name: str, hints: Hints) -> TargetFit:
    """What is of no other type; where it is no number, its cells will tell."""
    return TargetFit(NumberTarget(), "number")


def _fit_target_array(first: NDArray[Any]) -> TargetFit:
    note = f"number of shape ({', '.join(map(str, first.shape[1:]))})"
    if first.dtype == np.uint8 and first.ndim > 2:
        return TargetFit(NumberTarget(scale=Divide(divide=255.0)), f"{note}, image: divided by 255 for the loss")
    return TargetFit(NumberTarget(), note)


RULE = FeatureRule(1, _fit, _fit_array)
TARGET_RULE = TargetRule(2, _fit_target, _fit_target_array)
