"""A feature that gives the target away is mostly filled in after the fact, and is not there when rows are predicted."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.document.places import format_path
from dlcli.data.lint.cells import Cells
from dlcli.data.lint.giveaways import gives_away
from dlcli.data.lint.pairs import pairs
from dlcli.data.lint.sight import Finding, Sight

__all__ = ["find"]


def find(sight: Sight) -> Iterator[Finding]:
    """Each feature that predicts a target by itself, unless all do: then the task is an easy one."""
    if sight.is_series:
        return
    for target, wanted in sight.targets.items():
        options = sight.table.config.target[target]
        if options is None or options.of_features or options.kind == "categories":
            continue
        found = {
            name: why
            for name, cells in sight.features.items()
            if (why := gives_away(cells, wanted, classes=options.kind == "category"))
        }
        if len(found) == len(sight.table.roles.features):
            continue
        if options.kind == "number":
            yield from _together(sight, target, wanted, set(found))
        for name, why in found.items():
            yield Finding(
                format_path(("data", "features", name)),
                f"the feature {name!r} gives the target {target!r} away: {why}",
                "leave it out (data.exclude), unless it is known before the target is",
            )


def _together(sight: Sight, target: str, wanted: Cells, alone: set[str]) -> Iterator[Finding]:
    """The features of which two make the target, unless there are no others."""
    others = {name: cells for name, cells in sight.features.items() if name not in alone}
    found = pairs(others, wanted)
    if 2 * len(found) + len(alone) == len(sight.table.roles.features):
        return
    for pair in found:
        yield Finding(
            format_path(("data", "features", pair.first)),
            f"the features {pair.first!r} and {pair.second!r} give the target {target!r} away: it is {pair.how}",
            "leave both out (data.exclude), unless they are known before the target is",
        )
