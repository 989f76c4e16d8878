"""A column with one value in all rows tells nothing, and takes weights all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.compute as pc

from dlcli.config.document.places import format_path
from dlcli.data.columns.cells import as_arrow
from dlcli.data.lint.sight import Finding, Sight
from dlcli.errors import first_of

__all__ = ["find"]


def find(sight: Sight) -> Iterator[Finding]:
    """All such features together."""
    found = {
        name: cells.names[0]
        for name, cells in sight.features.items()
        if len(cells.different) == 1 and not cells.missing and len(cells.column) > 1 and _is_constant(sight, name)
    }
    if found:
        first, *others = found
        also = f"; so have {first_of(map(repr, others), 3)}" if others else ""
        yield Finding(
            format_path(("data", "features", first)),
            f"the feature {first!r} has one value, {found[first]!r}, in all rows{also}",
            "leave it out: take it from the features, or name it in data.exclude",
        )


def _is_constant(sight: Sight, feature: str) -> bool:
    """Whether the rows that were not looked at have the same value."""
    values = set()
    for chunk in sight.whole(sight.single[feature]):
        values |= set(pc.unique(as_arrow(chunk)).to_pylist()[:2])
        if len(values) > 1:
            return False
    return True
