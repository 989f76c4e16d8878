"""What a sweep has measured over the values of each parameter, a picture for each."""

from __future__ import annotations

import collections
import math
from collections.abc import Iterator, Sequence

import numpy as np

from dlcli.reporting.document import Block, Figure, Section, Text
from dlcli.reporting.folders.trials import Search, Trial
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.lines import spans_decades
from dlcli.reporting.plots.points import Points, points_plot
from dlcli.reporting.plots.svg import Plot, shortened

__all__ = ["parameters"]

MOST_PLOTS = 16
MOST_POINTS = 600
MOST_NAMES = 12
"""Values of a list that have a place of their own."""


def parameters(search: Search) -> Section | None:
    """The section; None where nothing was measured."""
    blocks = tuple(_blocks(search))
    return Section("parameters", "Each parameter", blocks) if blocks else None


def _blocks(search: Search) -> Iterator[Block]:
    complete = [trial for trial in search.trials if trial.state == "complete" and trial.value is not None]
    if len(complete) < 2:
        return
    worth = search.importance()
    names = sorted(search.parameters, key=lambda name: -worth.get(name, 0.0))
    drawn = [
        plot
        for place, name in enumerate(names)
        if (plot := _plot(search, name, [trial for trial in complete if name in trial.values], place)) is not None
    ]
    yield from (Figure(plot) for plot in drawn[:MOST_PLOTS])
    if len(drawn) > MOST_PLOTS:
        yield Text(f"The first {MOST_PLOTS} of {len(drawn)} parameters, those that explain most.", "note")


def _plot(search: Search, name: str, trials: Sequence[Trial], place: int) -> Plot | None:
    written = [trial.values[name] for trial in trials]
    if len(set(written)) < 2:
        return None
    few = _few(search, trials)
    numbers = _numbers(search, name, few)
    listed = () if numbers is not None else _listed(written)
    x = numbers if numbers is not None else [float(listed.index(_place(trial.values[name], listed))) for trial in few]
    y = [trial.value for trial in few]
    log_x = numbers is not None and _is_log(search, name, numbers)
    log_y = spans_decades([y])
    best = search.complete[0]
    groups = [Points("trials", x, y)]
    at = next((place for place, trial in enumerate(few) if trial.number == best.number), None)
    if at is not None:
        groups.append(Points("the best", [x[at]], [y[at]], 1, ring=True))
    where = best.values.get(name, "none")
    return points_plot(
        f"parameter-{place}",
        shortened(name, 70),
        f"{search.metric} over {name}; the best is {short_number(best.value)}, with {shortened(where, 60)}",
        groups,
        x_label=f"{shortened(name, 50)}{', log scale' if log_x else ''}",
        y_label=f"{shortened(search.metric, 30)}{', log scale' if log_y else ''}",
        log_x=log_x,
        log_y=log_y,
        x_names=listed,
    )


def _few(search: Search, trials: Sequence[Trial]) -> list[Trial]:
    """The best half of as many as are drawn, and others evenly."""
    if len(trials) <= MOST_POINTS:
        return list(trials)
    numbers = {trial.number for trial in trials}
    best = [trial for trial in search.complete if trial.number in numbers][: MOST_POINTS // 2]
    taken = {trial.number for trial in best}
    others = [trial for trial in trials if trial.number not in taken]
    step = len(others) / (MOST_POINTS // 2)
    return [*best, *(others[int(place * step)] for place in range(MOST_POINTS // 2))]


def _numbers(search: Search, name: str, trials: Sequence[Trial]) -> list[float] | None:
    """The values as places of an axis; None where they are names, or numbers of a list."""
    parameter = None if search.section is None else search.section.space.get(name)
    if parameter is not None and parameter.choice is not None and len(parameter.choice) <= MOST_NAMES:
        return None
    try:
        numbers = [float(trial.values[name]) for trial in trials]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _is_log(search: Search, name: str, numbers: Sequence[float]) -> bool:
    parameter = None if search.section is None else search.section.space.get(name)
    if parameter is not None and "log" in parameter.kind:
        return min(numbers) > 0
    return parameter is None and spans_decades([np.asarray(numbers)])


def _listed(written: Sequence[str]) -> tuple[str, ...]:
    """The names of the axis, the others as one."""
    often = [value for value, _ in collections.Counter(written).most_common()]
    return tuple(often) if len(often) <= MOST_NAMES else (*often[: MOST_NAMES - 1], "others")


def _place(value: str, listed: Sequence[str]) -> str:
    return value if value in listed else "others"
