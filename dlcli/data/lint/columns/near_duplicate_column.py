"""A column that says what another one says, in other words or in another unit, adds weights and no knowledge."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.document.places import format_path
from dlcli.data.lint.sight import Finding, Sight
from dlcli.data.lint.twins import twins

__all__ = ["find"]

LISTED = 5
"""Columns that are told one by one."""


def find(sight: Sight) -> Iterator[Finding]:
    """The features that another one before them makes needless."""
    if sight.is_series or len(sight.rows) < FEWEST_ROWS:
        return
    columns: dict[str, str] = {}  # the first feature of each: one may be taken in two ways on purpose
    for name in sight.features:
        columns.setdefault(sight.single[name], name)
    found = list(twins({name: sight.features[name] for name in columns.values()}).items())
    for place, (name, twin) in enumerate(found[:LISTED]):
        more = f"; the same goes for {len(found) - LISTED} more" if place == LISTED - 1 and len(found) > LISTED else ""
        yield Finding(
            format_path(("data", "features", name)),
            f"the feature {name!r} is {twin.in_words}{more}",
            "keep one of the two: name the other in data.exclude",
        )


FEWEST_ROWS = 30
"""Rows from which on two columns are hardly alike by chance."""
