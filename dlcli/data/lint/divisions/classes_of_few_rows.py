"""A class with a handful of rows is not learnt, and what is measured of it is chance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dlcli.config.document.places import format_path
from dlcli.data.lint.sight import DividedSight, Finding
from dlcli.data.table.checks import row_labels
from dlcli.errors import first_of

__all__ = ["find"]

HANDFUL = 5

RARE = 20
"""How many times as many rows the most frequent class has, where a class is rare and not the table small."""


def find(sight: DividedSight) -> Iterator[Finding]:
    """Each target with such classes."""
    if sight.is_series:
        return
    for target in sight.targets:
        options = sight.table.config.target[target]
        if options is None or options.kind != "category" or options.of_features or options.has_axes:
            continue
        part = sight.division.parts["train"]
        codes, names = row_labels(sight.table.rows[part.source], sight.table.roles.targets[target][0])
        known = codes[part.rows]
        counts = np.bincount(known[known >= 0], minlength=len(names))
        most = min(HANDFUL, int(counts.max()) // RARE)
        few = [(name, int(count)) for name, count in zip(names, counts, strict=True) if 0 < count <= most]
        if few:
            rows = f"{most} training row{'s' * (most > 1)}"
            listed = first_of((f"{name!r} ({count})" for name, count in few), 4)
            yield Finding(
                format_path(("data", "target", target)),
                f"{len(few)} class{'es have' if len(few) > 1 else ' has'} {rows} or fewer: {listed}",
                "find more rows of them, or make them one class with others; fit.class_weight: balanced helps a little",
            )
