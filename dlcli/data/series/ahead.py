"""What lies ahead of series: their last windows, the steps after these, and what is known of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.data.series.form import WindowForm
from dlcli.data.series.frequency import Times, steps_between, usual_days
from dlcli.data.series.layout import Layout, last_complete
from dlcli.data.series.steps import steps_after
from dlcli.data.series.time_form import in_words, on_the_wall
from dlcli.errors import DataError, Problem, first_of

__all__ = ["NOWHERE", "Ahead", "look_ahead", "require_known"]

NOWHERE = -1
"""In the place of a row that was not given."""

_NAMED = 5


@dataclasses.dataclass(frozen=True)
class Ahead:
    """The last windows of series, and the steps that are to be predicted.

    Args:
        series: `(forecasts,)` the numbers of the series.
        last: `(forecasts,)` the place of the last step of each.
        given: `(forecasts, horizon)` the place of the row that was given for each step ahead; -1 where none was.
        times: `(forecasts, horizon)` the times of the steps; None where nothing tells them.
        short: Why nothing is predicted of the other series, a line for each.
    """

    series: NDArray[np.int64]
    last: NDArray[np.int64]
    given: NDArray[np.int64]
    times: Times | None
    short: tuple[str, ...] = ()


def look_ahead(layout: Layout, complete: NDArray[np.bool_], form: WindowForm, *, may_cross: bool) -> Ahead:
    """Find the last window of each series, and the steps after it.

    Args:
        layout: The rows in the order of their series.
        complete: `(steps,)` whether a step has its targets; what comes after the last that has is ahead.
        form: Which steps a window has.
        may_cross: Whether a window may cross missing steps.
    """
    last = last_complete(layout.series, complete)
    starts = layout.starts
    kept: list[int] = []
    short: list[str] = []
    gaps = np.flatnonzero(layout.gaps)
    for series, (start, end) in enumerate(zip(starts.tolist(), last.tolist(), strict=True)):
        why = _too_short(layout, start, end, form, gaps, may_cross=may_cross)
        if why:
            name = ", ".join(layout.names[series]) if layout.names else "the series"
            short.append(f"{name} ({why})")
        else:
            kept.append(series)
    numbers = np.array(kept, np.int64)
    ends = last[numbers]
    given = _given(layout, numbers, ends, form)
    return Ahead(numbers, ends, given, _times(layout, ends, given, form), tuple(short))


def _too_short(
    layout: Layout, start: int, end: int, form: WindowForm, gaps: NDArray[np.int64], *, may_cross: bool
) -> str:
    """Why a series has no last window, in words; empty where it has one."""
    if end < start:
        return "no row with a target"
    if end - start + 1 < form.past:
        return f"{end - start + 1:,} steps"
    crossed = int(np.searchsorted(gaps, end, side="right"))
    first = int(gaps[crossed - 1]) if crossed else 0
    if first > end - form.past + 1 and not may_cross:
        assert layout.form is not None
        before, after = in_words(layout.form, layout.times[first - 1 : first + 1])
        return f"{end - first + 1:,} steps since the gap from {before} to {after}"
    return ""


def _given(layout: Layout, series: NDArray[np.int64], last: NDArray[np.int64], form: WindowForm) -> NDArray[np.int64]:
    """The rows that were given for the steps ahead."""
    given = np.full((len(series), form.horizon), NOWHERE)
    stops = np.append(layout.starts[1:], len(layout.order))[series]
    counts = stops - last - 1
    of = np.repeat(np.arange(len(series)), counts)
    places = np.repeat(last + 1, counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    frequency = layout.steps.frequency
    if frequency is None or layout.form is None:
        steps = places - last[of]
    else:
        clock = on_the_wall(layout.times, layout.form) if frequency.by_calendar else layout.times
        steps = steps_between(frequency, clock[last[of]], clock[places])
    ahead = steps - form.delay - 1
    wanted = (ahead >= 0) & (ahead < form.horizon)
    given[of[wanted], ahead[wanted]] = places[wanted]
    return given


def _times(layout: Layout, last: NDArray[np.int64], given: NDArray[np.int64], form: WindowForm) -> Times | None:
    if layout.form is None or not form.horizon:
        return None
    frequency = layout.steps.frequency
    if frequency is not None:
        days = None
        if frequency.unit == "month":
            days = usual_days(on_the_wall(layout.times, layout.form), layout.starts)[last]
        ahead = steps_after(frequency, layout.times[last], form.delay + form.horizon, layout.form, days=days)
        return ahead[:, form.delay :]
    return layout.times[given] if (given != NOWHERE).all() else None


def require_known(ahead: Ahead, layout: Layout, columns: Sequence[str]) -> None:
    """Refuse steps ahead of which nothing is given, where features are to be known of them.

    Args:
        ahead: What lies ahead.
        layout: The rows.
        columns: The columns that are to be known.

    Raises:
        DataError: Steps are missing; which of which series.
    """
    missing = ahead.given == NOWHERE
    if not columns or not missing.any():
        return
    listed = []
    for place in np.flatnonzero(missing.any(axis=1)).tolist():
        steps = np.flatnonzero(missing[place])
        if ahead.times is not None and layout.form is not None:
            words = in_words(layout.form, ahead.times[place][steps])
        else:
            words = [f"step {step + 1}" for step in steps.tolist()]
        name = f"{', '.join(layout.names[int(ahead.series[place])])}: " if layout.names else ""
        listed.append(name + first_of(words, 3))
    quoted = ", ".join(map(repr, columns))
    raise DataError(
        Problem(
            f"{quoted} {'is' if len(columns) == 1 else 'are'} to be known for the steps that are predicted, and "
            f"{int(missing.sum()):,} of them have no row: {'; '.join(listed[:_NAMED])}"
            + (f"; and {len(listed) - _NAMED:,} more series" if len(listed) > _NAMED else ""),
            hint="add a row for each, with its time and what is known, and the target's cell left empty",
            rule="missing-future",
        )
    )
