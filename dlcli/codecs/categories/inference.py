"""Columns of lists that are no arrays."""

from __future__ import annotations

import pyarrow as pa

from dlcli.codecs.categories.schema import CategoriesTarget
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import Hints, TargetFit, TargetRule

__all__ = ["TARGET_RULE"]


def _fit(column: ColumnProfile, name: str, hints: Hints) -> TargetFit | None:
    """None: a text with a separator may be one class as well."""
    return None


def _fit_lists(first: pa.Array) -> TargetFit:
    return TargetFit(CategoriesTarget(), "categories (lists of classes)")


TARGET_RULE = TargetRule(0, _fit, fit_lists=_fit_lists)
