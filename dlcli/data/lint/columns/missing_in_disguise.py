"""A value such as -999 that stands for a missing one is taken for a number, and moves all that is scaled by it."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.document.places import format_path
from dlcli.config.document.writer import flow
from dlcli.data.lint.cells import Cells
from dlcli.data.lint.sentinels import Sentinel, sentinels
from dlcli.data.lint.sight import Finding, Sight

__all__ = ["find"]


def find(sight: Sight) -> Iterator[Finding]:
    """Each such column, feature or target."""
    for name, cells in sight.features.items():
        feature = sight.feature(name)
        if feature.cells in ("number", "datetime"):
            yield from _told("feature", name, cells, feature.cells == "datetime", feature.date_format)
    for name, cells in sight.targets.items():
        target = sight.table.config.target[name]
        if target is not None and target.cells == "number":
            yield from _told("target", name, cells, dates=False, format=None)


def _told(what: str, name: str, cells: Cells, dates: bool, format: str | None) -> Iterator[Finding]:
    if found := sentinels(cells, dates=dates, format=format):
        yield Finding(
            format_path(("data", "features" if what == "feature" else "target", name)),
            f"the {what} {name!r} has {'; '.join(each.in_words for each in found)}: it may stand for a missing value",
            _way_out(found, what),
        )


def _way_out(found: list[Sentinel], what: str) -> str:
    marks = flow([each.mark for each in found])
    more = "" if what == "feature" else ", and `missing: drop` of the target leaves such rows out"
    return f"data.missing_values: {marks} makes empty cells of it{more}"
