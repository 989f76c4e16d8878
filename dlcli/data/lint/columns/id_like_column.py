"""A column that numbers the rows says which row it is: the model learns rows by heart, and meets others later."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.document.places import format_path
from dlcli.data.lint.ids import counts_rows, is_numbered
from dlcli.data.lint.sight import Finding, Sight

__all__ = ["find"]


def find(sight: Sight) -> Iterator[Finding]:
    """Each such feature; where it is the only one it is what there is."""
    if sight.is_series or len(sight.table.roles.features) < 2:
        return
    for name, cells in sight.features.items():
        numbered = is_numbered(name, cells)
        if not numbered and not counts_rows(name, cells, every=sight.every):
            continue
        what = "has a value of its own in every row" if numbered else "counts the rows"
        yield Finding(
            format_path(("data", "features", name)),
            f"the feature {name!r} {what}: it is an id, and tells nothing of rows to come",
            "leave it out: take it from the features, or name it in data.exclude",
        )
