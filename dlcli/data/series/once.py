"""What a series is said to have once, and whether it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from dlcli.config.schema import Windows
from dlcli.config.schema.windows import matching
from dlcli.data.series.layout import Layout
from dlcli.data.table.checks import row_labels
from dlcli.data.table.rows import Rows
from dlcli.errors import Problem

__all__ = ["changing", "static_columns"]


def static_columns(windows: Windows, features: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The columns of the features that a series has once.

    Args:
        windows: What the config says of them.
        features: The columns of each feature.
    """
    return tuple(column for name in matching(features, windows.static) for column in features[name])


def changing(rows: Rows, layout: Layout, columns: Sequence[str]) -> Iterator[Problem]:
    """A warning for each column of them that has several values in a series.

    Args:
        rows: The rows of a source.
        layout: Their series.
        columns: The columns.
    """
    same = layout.series[1:] == layout.series[:-1]
    for column in columns:
        codes = row_labels(rows, column)[0]
        if len(codes) != rows.num_rows:  # of arrays, which have several numbers a row
            continue
        codes = codes[layout.order]
        places = np.flatnonzero(same & (codes[1:] != codes[:-1]) & (codes[1:] >= 0) & (codes[:-1] >= 0))
        if len(places):
            series = int(layout.series[places[0]])
            many = len(np.unique(layout.series[places]))
            yield Problem(
                f"column {column!r} is to be what a series has once, and changes within {many:,} of "
                f"{len(layout.starts):,} series, first in {layout.described(series)}: a window is shown the value "
                "of its last step",
                path="data.windows.static",
                hint="leave it out of `static`, so that each step has its own",
                rule="changing-static",
            )
