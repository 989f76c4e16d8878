"""The rows of a source as series: one after the other, the steps of each in the order of their time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema import Windows
from dlcli.config.signature import SplitName
from dlcli.data.table.checks import row_labels
from dlcli.data.table.order import row_order
from dlcli.data.table.rows import Rows
from dlcli.data.table.table import Table
from dlcli.errors import DataError, Problem, first_of

__all__ = ["Layout", "lay_out"]


@dataclasses.dataclass(frozen=True)
class Layout:
    """Series, one after the other; a step has a place here and is a row of the source.

    Args:
        order: `(steps,)` the row of each step.
        series: `(steps,)` the number of the series of each step, ascending.
        names: The texts that name each series, one for each column that does; none of a single series.
        times: `(steps,)` microseconds since 1970, or numbers; ascending within a series. The numbers of the steps,
            from 0, where no column tells the time.
        gaps: `(steps,)` whether steps are missing before this one.
    """

    order: NDArray[np.int64]
    series: NDArray[np.int64]
    names: tuple[tuple[str, ...], ...]
    times: NDArray[Any]
    gaps: NDArray[np.bool_]

    @property
    def starts(self) -> NDArray[np.int64]:
        """`(series,)` the place of the first step of each series."""
        return np.flatnonzero(np.diff(self.series, prepend=-1))

    def described(self, series: int) -> str:
        """A series in words: `the series store=3`; `the series` of a single one."""
        return f"the series {', '.join(self.names[series])}" if self.names else "the series"


def lay_out(table: Table, source: SplitName, windows: Windows) -> Layout:
    """The series of a source.

    Args:
        table: Its rows.
        source: Which source.
        windows: Which columns name the series and tell the time.

    Raises:
        DataError: Rows without a time or the name of a series, two rows of one series at the same time.
    """
    rows = table.rows[source]
    codes, names = _series(rows, windows.series or ())
    times: NDArray[Any] | None = None
    if windows.time is not None:
        times = row_order(table, windows.time, source=source, path="data.windows.time")
    order = np.argsort(codes, kind="stable") if times is None else np.lexsort((times, codes))
    series = codes[order]
    if times is None:
        starts = np.flatnonzero(np.diff(series, prepend=-1))
        times = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    else:
        times = times[order]
        _refuse_duplicates(rows, order, series, times, windows, names)
    return Layout(order, series, names, times, np.zeros(len(order), np.bool_))


def _series(rows: Rows, columns: Sequence[str]) -> tuple[NDArray[np.int64], tuple[tuple[str, ...], ...]]:
    """The number of the series of each row, in the order of their first rows, and the texts that name each."""
    codes = np.zeros(rows.num_rows, np.int64)
    names: list[tuple[str, ...]] = [()]
    for column in columns:
        found, texts = row_labels(rows, column)
        empty = np.flatnonzero(found < 0)
        if len(empty):
            raise DataError(
                Problem(
                    f"column {column!r}, which names the series, has {len(empty):,} empty cells, the first in "
                    f"{rows.place(int(empty[0]))}",
                    path="data.windows.series",
                    hint="every row needs its series: fill the cells in, or leave these rows out",
                    rule="missing-group",
                )
            )
        both = codes * len(texts) + found
        kept, first, codes = np.unique(both, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))  # by their first rows
        codes = rank[codes]
        names = [(*names[each // len(texts)], texts[each % len(texts)]) for each in kept[np.argsort(first)].tolist()]
    return codes.astype(np.int64), tuple(names) if columns else ()


def _refuse_duplicates(
    rows: Rows,
    order: NDArray[np.int64],
    series: NDArray[np.int64],
    times: NDArray[Any],
    windows: Windows,
    names: Sequence[tuple[str, ...]],
) -> None:
    """Two rows of one series at the same time: which of them is the step?"""
    twice = np.flatnonzero((series[1:] == series[:-1]) & (times[1:] == times[:-1]))
    if not len(twice):
        return
    first = int(twice[0])
    pair = sorted((int(order[first]), int(order[first + 1])))
    where = first_of((rows.place(each) for each in pair), 2)
    of = f" of the series {', '.join(names[int(series[first])])}" if names else ""
    hint = "leave one of each out, or sum them up"
    if windows.series is None:
        hint = "are there several series in the table? `series:` names the column that tells them apart; else " + hint
    raise DataError(
        Problem(
            f"{len(twice):,} steps{of and ' in all'} have the same {windows.time!r} as the one before{of}: {where}",
            path="data.windows.time",
            hint=hint,
            rule="duplicate-time",
        )
    )
