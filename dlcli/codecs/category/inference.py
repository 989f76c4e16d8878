"""Columns of categories and classes."""

from __future__ import annotations

from dlcli.codecs.category.schema import CategoryFeature, CategoryTarget
from dlcli.data.types.doubts import doubts_of
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import FeatureRule, Fit, Hints, TargetFit, TargetRule, different

__all__ = ["RULE", "TARGET_RULE"]

MOST_DIGITS = 18
"""Of a number that counts; longer ones are not looked at as numbers."""

FEW_CLASSES = 20
"""Different whole numbers up to which a target may be classes when neither the loss nor the units say."""


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """All texts that are of no other type."""
    if column.kind != "text":
        return None
    count = len(different(column))
    details = [f"{count:,} value{'s' * (count != 1)}"]
    if column.codes and column.number_cells:
        details.append("numbers with leading zeros among them")
    return Fit(CategoryFeature(), tuple(details), doubts_of(column, ("data", "features", name)))


def _fit_target(column: ColumnProfile, name: str, hints: Hints) -> TargetFit | None:
    """Texts, booleans, and what the loss or the activation says to be classes.

    Whole numbers are classes as well when there are as many different ones as the last layer has units (more than
    one); when the units are not known, when there are at most 20 that count up from 0 or 1.
    """
    kind = "number" if column.numbers else column.kind
    if hints.classification is False or (kind == "number" and not hints.classification and not column.whole):
        return None
    classes = f"category ({0 if column.distinct is None else len(column.distinct)} classes)"
    if kind != "number" or hints.classification:
        doubts = doubts_of(column, ("data", "target", name)) if kind in ("text", "datetime") else ()
        return TargetFit(CategoryTarget(), classes, doubts)
    if hints.units is None:
        return TargetFit(CategoryTarget(), classes) if _counts_up(column) else None
    if hints.units > 1 and hints.units == len(different(column)):
        return TargetFit(CategoryTarget(), f"{classes}, as many as the last layer has units")
    return None


def _counts_up(column: ColumnProfile) -> bool:
    values = different(column).to_pylist()[: FEW_CLASSES + 1]
    if any(len(str(value)) > MOST_DIGITS for value in values):
        return False
    numbers = sorted(map(int, values))
    if not 1 < len(numbers) <= FEW_CLASSES:
        return False
    return numbers[0] in (0, 1) and numbers == [*range(numbers[0], numbers[0] + len(numbers))]


RULE = FeatureRule(5, _fit)
TARGET_RULE = TargetRule(1, _fit_target)
