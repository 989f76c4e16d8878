"""Of numbers: predicted against true, what is left over, and the error of each step ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from dlcli.reporting.document import Block, Figure, Section, Table, Text
from dlcli.reporting.gathering import Facts
from dlcli.reporting.plots.axes import limits, short_number
from dlcli.reporting.plots.bars import histogram_plot
from dlcli.reporting.plots.lines import Line, lines_plot
from dlcli.reporting.plots.points import Points, points_plot
from dlcli.reporting.plots.svg import shortened
from dlcli.reporting.seen import Seen

__all__ = ["numbers"]

MOST_COLUMNS = 4
"""Of a target, each with plots of its own."""

MOST_POINTS = 1_000

Floats = NDArray[np.float64]


def numbers(facts: Facts) -> Section | None:
    """The section; None where no target is of numbers, or no row was looked at."""
    blocks = tuple(_blocks(facts))
    return Section("numbers", "Numbers", blocks) if blocks else None


def _blocks(facts: Facts) -> Iterator[Block]:
    for place, (name, report) in enumerate(facts.reports().items()):
        yield from _steps(facts, name, report, place)
    if facts.look is None:
        return
    told = False
    for place, seen in enumerate(facts.look.seen):
        if seen.decoded.numbers is not None and seen.decoded.target:
            told = True
            yield from _of_target(seen, place, alike=facts.config.data.windows is not None)
    if told:
        yield Text(f"The plots are of {facts.look.all_of_them}.", "note")


def _of_target(seen: Seen, place: int, *, alike: bool) -> Iterator[Block]:
    """The plots of a target; `alike` are its numbers where they are one quantity at several steps."""
    assert seen.decoded.numbers is not None
    predicted = np.asarray(seen.decoded.numbers, np.float64)
    if predicted.ndim > 2 or alike:  # the same at many places: pixels, steps
        yield from _plots(seen.name, seen.true.reshape(-1), predicted.reshape(-1), f"{place}")
        return
    names = seen.decoded.components
    for column in range(min(predicted.shape[1], MOST_COLUMNS)):
        name = seen.name if predicted.shape[1] == 1 else f"{seen.name} {names[column]}"
        yield from _plots(name, seen.true[:, column], predicted[:, column], f"{place}-{column}")
    if predicted.shape[1] > MOST_COLUMNS:
        yield Text(f"The first {MOST_COLUMNS} of the {predicted.shape[1]} numbers of {seen.name}.", "note")


def _plots(name: str, true: Floats, predicted: Floats, place: str) -> Iterator[Block]:
    known = np.isfinite(true) & np.isfinite(predicted)
    true, predicted = true[known], predicted[known]
    if not len(true):
        return
    few = np.random.default_rng(0).permutation(len(true))[:MOST_POINTS]
    both = limits(true, predicted)
    error = predicted - true
    middle, spread = float(np.median(error)), np.quantile(error, [0.05, 0.95])
    yield Figure(
        points_plot(
            f"predicted-{place}",
            f"{shortened(name, 60)}: predicted against true",
            f"{len(true):,} values; half of them are off by less than {short_number(float(np.median(np.abs(error))))}",
            [Points("values", true[few], predicted[few])],
            x_label="true",
            y_label="predicted",
            x=both,
            y=both,
            diagonal=True,
        )
    )
    said = (
        f"predicted minus true: median {short_number(middle)}, nine of ten between {short_number(float(spread[0]))} "
        f"and {short_number(float(spread[1]))}"
    )
    yield Figure(
        points_plot(
            f"residuals-{place}",
            f"{shortened(name, 60)}: residuals",
            said,
            [Points("values", predicted[few], error[few])],
            x_label="predicted",
            y_label="predicted - true",
            level=0.0,
        )
    )
    yield Figure(
        histogram_plot(
            f"errors-{place}",
            f"{shortened(name, 60)}: how often it is off by how much",
            said,
            error,
            x_label="predicted - true",
        )
    )


def _steps(facts: Facts, name: str, report: Mapping[str, object], place: int) -> Iterator[Block]:
    """The error of each step ahead, of a model of windows that predicts several."""
    columns = report.get("columns")
    windows = facts.config.data.windows
    if windows is None or not isinstance(columns, Mapping) or len(columns) < 2:
        return
    rows = [(str(step), each.get("mae"), each.get("rmse")) for step, each in columns.items()]
    if any(not isinstance(value, int | float) for _, *values in rows for value in values):
        return
    ahead = np.arange(1, len(rows) + 1)
    lines = [
        Line("MAE", ahead, np.array([row[1] for row in rows], np.float64), dots=True),
        Line("RMSE", ahead, np.array([row[2] for row in rows], np.float64), 1, dashed=True, dots=True),
    ]
    yield Figure(
        lines_plot(
            f"steps-{place}",
            f"{shortened(name, 60)}: error of each step ahead",
            f"MAE from {short_number(lines[0].y[0])} at the first step to {short_number(lines[0].y[-1])} at the last",
            lines,
            x_label="steps ahead",
            y_label="error",
            whole_x=True,
        ),
        Table(f"{name}: error of each step ahead", ("step", "MAE", "RMSE"), rows),
    )
