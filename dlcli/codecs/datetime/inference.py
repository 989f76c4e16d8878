"""Columns of dates and times."""

from __future__ import annotations

from dlcli.codecs.datetime.schema import DatetimeFeature
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import MOST, FeatureRule, Fit

__all__ = ["RULE"]


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """Dates and times, and texts of which most are some in ISO 8601."""
    texts = column.kind == "text" and column.moment_cells >= MOST * column.present
    if column.kind != "datetime" and not texts:
        return None
    return Fit(DatetimeFeature(), ("constant",) if column.constant else ())


RULE = FeatureRule(3, _fit)
