"""Rows for the steps that a series does not have: put in only when the config asks for it, counted and told."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.options.frequency import Frequency
from dlcli.config.schema import Windows
from dlcli.config.schema.windows import FillGaps
from dlcli.data.columns.arrays import numbers_array, plain_booleans, plain_numbers, with_nulls
from dlcli.data.columns.chunk import Chunk, Column, take_rows
from dlcli.data.series.frequency import Times, steps_between, usual_days
from dlcli.data.series.layout import last_complete, lay_out
from dlcli.data.series.steps import steps_after
from dlcli.data.series.time_form import TimeForm, on_the_wall
from dlcli.data.table.rows import Rows
from dlcli.errors import DataError, Problem

__all__ = ["Filling", "drawn_steps", "fill_gaps", "fill_windows"]

MOST = 10
"""Rows are put in at most so many times as many as there are."""


@dataclasses.dataclass(frozen=True, slots=True)
class Filling:
    """How gaps are filled.

    Args:
        how: What numbers are in the new rows: those before them, on a line from those before to those after, or 0.
        frequency: From one step to the next.
        time: The column of times.
        form: How its times are written.
        kept: Columns of numbers that stay as before them all the same, such as the name of the series.
    """

    how: Literal["previous", "linear", "zero"]
    frequency: Frequency
    time: str
    form: TimeForm
    kept: Collection[str] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _Gaps:
    """Where the new rows are: after which row and before which, and how far between them."""

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    share: NDArray[np.float64]
    times: Times


def fill_gaps(
    rows: Rows, order: NDArray[np.int64], times: Times, starts: NDArray[np.int64], filling: Filling
) -> tuple[Rows, NDArray[np.int64]]:
    """The rows of a source, and after them a row for each step that is missing within a series.

    Numbers are as `filling` says, the times follow the frequency, and all else is as in the row before the gap.

    Args:
        rows: The rows of a source.
        order: `(steps,)` the row of each step, series by series and ascending in time; rows that are none of these are
            left as they are.
        times: `(steps,)` the time of each.
        starts: `(series,)` the place of the first step of each series.
        filling: How.

    Returns:
        The rows, those put in being the last, and for each of these the row before its gap.

    Raises:
        DataError: They would be many times those that there are.
    """
    gaps = _find(order, times, starts, filling)
    if not len(gaps.times):
        return rows, gaps.before
    found, places = _neighbours(rows, gaps)
    columns = {name: _filled(name, found[name], gaps, places, filling) for name in rows.columns}
    chunk = Chunk(columns, len(gaps.times), folders=() if rows.folder is None else (rows.folder,))
    whole = dataclasses.replace(
        rows,
        batches=(*rows.batches, chunk),
        offsets=np.append(rows.offsets, rows.num_rows),
        num_rows=rows.num_rows + chunk.num_rows,
    )
    return whole, gaps.before


def _find(order: NDArray[np.int64], times: Times, starts: NDArray[np.int64], filling: Filling) -> _Gaps:
    frequency, form = filling.frequency, filling.form
    clock = on_the_wall(times, form) if frequency.by_calendar else times
    steps = steps_between(frequency, clock[:-1], clock[1:])
    steps[starts[starts > 0] - 1] = 1
    places = np.flatnonzero(steps > 1)
    missing = steps[places] - 1
    if missing.sum() > MOST * len(order):
        raise DataError(
            Problem(
                f"steps are missing at {len(places):,} places of the series, and to fill them would take "
                f"{missing.sum():,} rows beside the {len(order):,} that there are",
                path="data.windows.gaps",
                hint="set data.windows.frequency to the step that the rows have, or gaps: break",
                rule="too-many-gaps",
            )
        )
    ahead = np.arange(missing.sum()) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    days = usual_days(clock, starts)[places] if frequency.unit == "month" else None
    new = _times_ahead(filling, times[places], missing, days)
    return _Gaps(
        np.repeat(order[places], missing),
        np.repeat(order[places + 1], missing),
        ahead / np.repeat(missing + 1, missing),
        new,
    )


def _times_ahead(filling: Filling, last: Times, counts: NDArray[np.int64], days: NDArray[np.int64] | None) -> Times:
    """The times in each gap, one gap after the other: those of equal length all at once."""
    new = np.empty(int(counts.sum()), last.dtype)
    ends = np.cumsum(counts)
    for count in np.unique(counts):
        gaps = np.flatnonzero(counts == count)
        into = (ends[gaps] - count)[:, np.newaxis] + np.arange(count)
        on = None if days is None else days[gaps]
        new[into] = steps_after(filling.frequency, last[gaps], int(count), filling.form, days=on)
    return new


def _neighbours(rows: Rows, gaps: _Gaps) -> tuple[dict[str, Column], NDArray[np.int64]]:
    """The columns of the rows around the gaps, each row once, and the numbers of these rows."""
    wanted = np.unique(np.concatenate([gaps.before, gaps.after]))
    chunks = list(rows.chunks(wanted))
    return {name: _joined([chunk.columns[name] for chunk in chunks]) for name in rows.columns}, wanted


def _joined(parts: list[Column]) -> Column:
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    return pa.concat_arrays(parts)


def _filled(name: str, found: Column, gaps: _Gaps, rows: NDArray[np.int64], filling: Filling) -> Column:
    """A column of the new rows."""
    if name == filling.time:
        times = filling.form.write(gaps.times)
        return times.to_numpy(zero_copy_only=False).astype(found.dtype) if isinstance(found, np.ndarray) else times
    before = take_rows(found, np.searchsorted(rows, gaps.before))
    if filling.how == "previous" or name in filling.kept or not _is_number(found):
        return before
    after = take_rows(found, np.searchsorted(rows, gaps.after))
    if isinstance(before, np.ndarray) or isinstance(after, np.ndarray):
        return _between(np.asarray(before), np.asarray(after), gaps.share, filling.how)
    valid = plain_booleans(before.is_valid()) & plain_booleans(after.is_valid())
    values = _between(plain_numbers(before, null=0), plain_numbers(after, null=0), gaps.share, filling.how)
    if filling.how == "zero" or valid.all():
        return numbers_array(values)
    return with_nulls(numbers_array(values), valid)


def _is_number(column: Column) -> bool:
    if isinstance(column, np.ndarray):
        return bool(np.issubdtype(column.dtype, np.number))
    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type))


def _between(before: NDArray[Any], after: NDArray[Any], share: NDArray[np.float64], how: str) -> NDArray[Any]:
    """Numbers `(rows, ...)` in a gap, of the type of those around it."""
    if how == "zero":
        return np.zeros_like(before)
    part = share.reshape(-1, *[1] * (before.ndim - 1))
    line = before + (after.astype(np.float64) - before) * part
    return np.asarray(np.rint(line) if np.issubdtype(before.dtype, np.integer) else line).astype(before.dtype)


def drawn_steps(order: NDArray[np.int64], put_in: int, windows: Windows) -> NDArray[np.bool_]:
    """`(steps,)` which steps were put in on a line to the step after the gap: who knows them knows what came later.

    Args:
        order: `(steps,)` the row of each step.
        put_in: How many rows, the last ones, were put in.
        windows: What the config asks for.
    """
    drawn = isinstance(windows.gaps, FillGaps) and windows.gaps.fill == "linear"
    return np.asarray(order >= len(order) - (put_in if drawn else 0))


def fill_windows(
    rows: Rows,
    windows: Windows,
    static: Collection[str],
    *,
    format: str | None = None,
    complete: NDArray[np.bool_] | None = None,
) -> tuple[Rows, NDArray[np.int64]]:
    """The rows of a source with the steps put in that are missing, where the config asks for it.

    Args:
        rows: The rows.
        windows: What the config asks for.
        static: The columns of what a series has once.
        format: Of `strptime`, in which times are written, where that is known.
        complete: `(rows,)` which rows have their targets: nothing is put in after the last of a series. All when None.

    Returns:
        As `fill_gaps`.

    Raises:
        DataError: The rows are no steps of series.
    """
    nothing = np.empty(0, np.int64)
    if not isinstance(windows.gaps, FillGaps) or windows.time is None:
        return rows, nothing
    layout = lay_out(rows, windows, format=format)
    frequency, form = layout.steps.frequency, layout.form
    if frequency is None or form is None:
        return rows, nothing
    inside = np.ones(len(layout.order), np.bool_)
    if complete is not None:
        inside = np.arange(len(inside)) <= last_complete(layout.series, complete[layout.order])[layout.series]
    starts = np.flatnonzero(np.diff(layout.series[inside], prepend=-1))
    filling = Filling(windows.gaps.fill, frequency, windows.time, form, (*(windows.series or ()), *static))
    return fill_gaps(rows, layout.order[inside], layout.times[inside], starts, filling)
