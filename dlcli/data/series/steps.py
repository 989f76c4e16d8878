"""How far the steps of series are from each other, and which are missing between them."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from dlcli.config.options.frequency import Frequency, parse_frequency
from dlcli.config.schema import Windows
from dlcli.data.series.frequency import Times, infer_frequency, next_times, steps_between
from dlcli.data.series.time_form import TimeForm, from_the_wall, in_words, on_the_wall
from dlcli.errors import ConfigError, DataError, Problem

__all__ = ["Steps", "find_steps", "steps_after"]

_PATH = "data.windows.frequency"


@dataclasses.dataclass(frozen=True)
class Steps:
    """How far steps are from each other.

    Args:
        frequency: From one step to the next; None where it is not known.
        distances: `(steps,)` how many steps each comes after the one before it; 1 for the first of a series, and for
            all where the frequency is not known.
    """

    frequency: Frequency | None
    distances: NDArray[np.int64]

    @classmethod
    def unknown(cls, count: int) -> Steps:
        """So many steps, each of which follows the one before it."""
        return cls(None, np.ones(count, np.int64))

    @property
    def missing(self) -> int:
        """How many steps are missing."""
        return int((self.distances - 1).sum())


def find_steps(times: Times, starts: NDArray[np.int64], windows: Windows, form: TimeForm) -> Steps:
    """What a config says of the steps, or their times show.

    Args:
        times: `(steps,)` series by series, ascending in each, none twice.
        starts: `(series,)` the place of the first step of each.
        windows: What the config says.
        form: How the times are written.

    Raises:
        DataError: The times do not fit the frequency that is given, or steps are missing and must not.
        ConfigError: What is given is no frequency.
    """
    said = windows.frequency != "auto"
    frequency = _given(windows.frequency, form) if said else _found(times, starts, form)
    distances = np.ones(len(times), np.int64)
    if frequency is not None:
        clock = on_the_wall(times, form) if frequency.by_calendar else times
        distances[1:] = steps_between(frequency, clock[:-1], clock[1:])
        distances[starts] = 1
    if (same := int((distances < 1).sum())) and said and frequency is not None:
        message = f"the steps are {frequency.words}, and {same:,} rows stand in the same step as the row before them"
        hint = "sum the rows of a step up, or give the frequency that they have; auto finds it"
        raise DataError(Problem(message, path=_PATH, hint=hint, rule="wrong-frequency"))
    if same:
        return _checked(Steps.unknown(len(times)), times, windows, form)
    return _checked(Steps(frequency, distances), times, windows, form)


def _found(times: Times, starts: NDArray[np.int64], form: TimeForm) -> Frequency | None:
    """Days and months by the clock on the wall, hours by those that pass."""
    if form.zone is not None:
        frequency = infer_frequency(on_the_wall(times, form), starts)
        if frequency is not None and frequency.by_calendar:
            return frequency
    return infer_frequency(times, starts, numbers=form.numbers)


def steps_after(
    frequency: Frequency, last: Times, steps: int, form: TimeForm, *, days: NDArray[np.int64] | None = None
) -> Times:
    """The times of the steps after some times, `(series, steps)`; see `next_times`."""
    if not frequency.by_calendar:
        return next_times(frequency, last, steps)
    ahead = next_times(frequency, on_the_wall(last, form), steps, days=days)
    return from_the_wall(ahead.reshape(-1), form).reshape(ahead.shape)


def _checked(found: Steps, times: Times, windows: Windows, form: TimeForm) -> Steps:
    if windows.gaps == "error":
        _refuse(found, times, form)
    return found


def _given(text: str, form: TimeForm) -> Frequency:
    try:
        frequency = parse_frequency(text)
    except ConfigError as error:
        raise ConfigError(dataclasses.replace(problem, path=_PATH) for problem in error.problems) from None
    if (frequency.unit == "number") != form.numbers:
        times = "plain numbers" if form.numbers else "dates or times"
        hint = "auto finds it" + ("; or a number, such as 1" if form.numbers else "; or such as day, month, 15 min")
        message = f"a step of {text!r} is asked for, and the times are {times}"
        raise DataError(Problem(message, path=_PATH, hint=hint, rule="wrong-frequency"))
    return frequency


def _refuse(steps: Steps, times: Times, form: TimeForm) -> None:
    """Refuse gaps where the config does."""
    gaps = np.flatnonzero(steps.distances > 1)
    if steps.frequency is None and len(times) > 1:
        message = "the times are irregular, so nothing tells whether steps are missing"
        hint = "say what a step is, such as data.windows.frequency: day; or leave `gaps: error` out"
        raise DataError(Problem(message, path="data.windows.gaps", hint=hint, rule="missing-steps"))
    if len(gaps):
        first, second = in_words(form, times[gaps[0] - 1 : gaps[0] + 1])
        message = (
            f"{steps.missing:,} steps are missing at {len(gaps):,} places of the series, the first between {first} and "
            f"{second}"
        )
        hint = "gaps: break (no window crosses them), ignore, or {fill: linear} puts them in"
        raise DataError(Problem(message, path="data.windows.gaps", hint=hint, rule="missing-steps"))
