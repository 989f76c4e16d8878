"""The rows of a source as series: one after the other, the steps of each in the order of their time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema import Windows
from dlcli.data.series.form import Pace
from dlcli.data.series.frequency import Times
from dlcli.data.series.steps import Steps, find_steps
from dlcli.data.series.time_form import TimeForm
from dlcli.data.series.times import read_times
from dlcli.data.table.checks import row_labels
from dlcli.data.table.rows import Rows
from dlcli.errors import DataError, Problem, first_of

__all__ = ["Layout", "Ordered", "last_complete", "lay_out", "order_rows"]


@dataclasses.dataclass(frozen=True)
class Layout:
    """Series, one after the other; a step has a place here and is a row of the source.

    Args:
        order: `(steps,)` the row of each step.
        series: `(steps,)` the number of the series of each step, ascending.
        names: The texts that name each series, one for each column that does; none of a single series.
        times: `(steps,)` microseconds since 1970, or numbers; ascending within a series. The numbers of the steps,
            from 0, where no column tells the time.
        steps: How far they are from each other.
        form: How times are written; None where no column tells them.
        sorted: Whether the rows had to be put into the order of their times.
    """

    order: NDArray[np.int64]
    series: NDArray[np.int64]
    names: tuple[tuple[str, ...], ...]
    times: Times
    steps: Steps
    form: TimeForm | None = None
    sorted: bool = False

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """`(steps,)` whether steps are missing before this one."""
        return self.steps.distances > 1

    @property
    def pace(self) -> Pace:
        """What new rows of such series are to keep to."""
        frequency = self.steps.frequency
        if frequency is None or self.form is None:
            return Pace(format=None if self.form is None else self.form.format)
        return Pace(frequency.text, frequency.season, self.form.format)

    @property
    def starts(self) -> NDArray[np.int64]:
        """`(series,)` the place of the first step of each series."""
        return np.flatnonzero(np.diff(self.series, prepend=-1))

    @property
    def runs(self) -> NDArray[np.int64]:
        """`(steps,)` the place of the first step after the last gap, or of its series, for each step."""
        places = np.arange(len(self.order))
        first = (np.diff(self.series, prepend=-1) != 0) | self.gaps
        return np.asarray(np.maximum.accumulate(np.where(first, places, 0)))

    def described(self, series: int) -> str:
        """A series in words: `the series store=3`; `the series` of a single one."""
        return f"the series {', '.join(self.names[series])}" if self.names else "the series"


def lay_out(rows: Rows, windows: Windows, *, format: str | None = None) -> Layout:
    """The series of a source.

    Args:
        rows: Its rows.
        windows: Which columns name the series and tell the time.
        format: Of `strptime`, in which times are written, where that is known.

    Raises:
        DataError: Rows without a time or the name of a series, two rows of one series at the same time, times that do
            not fit the frequency.
    """
    found = order_rows(rows, windows, format=format)
    if found.form is None:
        return Layout(found.order, found.series, found.names, found.times, Steps.unknown(len(found.order)))
    _refuse_duplicates(rows, found, windows)
    starts = np.flatnonzero(np.diff(found.series, prepend=-1))
    steps = find_steps(found.times, starts, windows, found.form)
    return Layout(found.order, found.series, found.names, found.times, steps, found.form, found.sorted)


@dataclasses.dataclass(frozen=True)
class Ordered:
    """Rows series by series, in the order of their times; see `Layout`."""

    order: NDArray[np.int64]
    series: NDArray[np.int64]
    names: tuple[tuple[str, ...], ...]
    times: Times
    form: TimeForm | None
    sorted: bool


def order_rows(rows: Rows, windows: Windows, *, format: str | None = None) -> Ordered:
    """The rows of a source in their order, which may still hold times twice.

    Args:
        rows: The rows.
        windows: Which columns name the series and tell the time.
        format: See `lay_out`.

    Raises:
        DataError: Rows without a time or the name of a series.
    """
    codes, names = _series(rows, windows.series or ())
    as_they_came = np.argsort(codes, kind="stable")
    if windows.time is None:
        series = codes[as_they_came]
        starts = np.flatnonzero(np.diff(series, prepend=-1))
        numbers = np.arange(len(series)) - np.repeat(starts, np.diff(np.append(starts, len(series))))
        return Ordered(as_they_came, series, names, numbers, None, sorted=False)
    times, form = read_times(rows, windows.time, format=windows.time_format or format)
    order = np.lexsort((times, codes))
    moved = bool((order != as_they_came).any())
    return Ordered(order, codes[order], names, times[order], form, sorted=moved)


def last_complete(series: NDArray[np.int64], complete: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The place of the last step of each series that has its targets, `(series,)`; -1 where none has.

    Args:
        series: `(steps,)` ascending.
        complete: `(steps,)`.
    """
    last = np.full(int(series[-1]) + 1, -1)
    places = np.flatnonzero(complete)
    last[series[places]] = places  # the last that is written stays
    return last


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


def _refuse_duplicates(rows: Rows, found: Ordered, windows: Windows) -> None:
    """Two rows of one series at the same time: which of them is the step?"""
    order, series, times, names = found.order, found.series, found.times, found.names
    twice = np.flatnonzero((series[1:] == series[:-1]) & (times[1:] == times[:-1]))
    if not len(twice):
        return
    first = int(twice[0])
    pair = sorted((int(order[first]), int(order[first + 1])))
    where = first_of((rows.place(each) for each in pair), 2)
    of = f" of the series {', '.join(names[int(series[first])])}" if names else ""
    hint = "leave one of each out, or sum them up"
    if _clocks_set_back(times[twice]):
        hint = "an hour comes twice where clocks are set back: write times with their distance from UTC, or in UTC"
    if not windows.series:
        hint = "are there several series in the table? `series:` names the column that tells them apart; else " + hint
    raise DataError(
        Problem(
            f"{len(twice):,} steps{of and ' in all'} have the same {windows.time!r} as the one before{of}: {where}",
            path="data.windows.time",
            hint=hint,
            rule="duplicate-time",
        )
    )


def _clocks_set_back(times: Times) -> bool:
    """Whether all of some times are such at which clocks are set back: early on a Sunday of spring or autumn."""
    if not np.issubdtype(times.dtype, np.integer):
        return False
    moments = times.astype("M8[us]")
    days = moments.astype("M8[D]")
    hours = (moments - days) // np.timedelta64(1, "h")
    sundays = (days.astype(np.int64) + 4) % 7 == 0
    months = days.astype("M8[M]").astype(np.int64) % 12 + 1
    return bool((sundays & (hours < 4) & np.isin(months, [3, 4, 9, 10, 11])).all())
