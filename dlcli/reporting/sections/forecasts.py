"""Forecasts over series: a few windows with their past, and the first step ahead over windows one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.reporting.document import Block, Figure, Section, Text
from dlcli.reporting.gathering import Facts
from dlcli.reporting.looking import Look, SeriesSeen
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.lines import Line, lines_plot
from dlcli.reporting.plots.svg import Plot, shortened
from dlcli.reporting.seen import Seen

__all__ = ["forecasts"]

Floats = NDArray[np.float64]


def forecasts(facts: Facts) -> Section | None:
    """The section; None where no windows predict numbers."""
    look, form = facts.look, None if facts.look is None else facts.look.preprocessing.windows
    if look is None or look.series is None or form is None:
        return None
    blocks = tuple(_blocks(look, look.series, form.delay + 1 if form.horizon else 0))
    if not blocks:
        return None
    note = Text(
        f"Windows of {look.name}: the four are spread over all, those in a row are the first of a series.", "note"
    )
    return Section("forecasts", "Forecasts", (*blocks, note))


def _blocks(look: Look, series: SeriesSeen, first: int) -> Iterator[Block]:
    for place, seen in enumerate(series.some):
        past = series.pasts.get(seen.decoded.target)
        if past is None or not past.size:
            continue
        width = past.shape[2]
        for window in range(len(past)):
            if (plot := _window(seen, past, window, width, first, f"forecast-{place}-{window}")) is not None:
                yield Figure(plot)
    for place, seen in enumerate(series.stretch):
        if seen.decoded.numbers is not None and len(seen.true) > 1:
            yield Figure(_stretch(seen, place))


def _steps(values: Any, width: int) -> Floats:
    """The first number of each step of a window."""
    return np.asarray(values, np.float64).reshape(-1, width)[:, 0]


def _window(seen: Seen, past: Floats, window: int, width: int, first: int, name: str) -> Plot | None:
    assert seen.decoded.numbers is not None
    true, predicted = (_steps(each[window], width) for each in (seen.true, seen.decoded.numbers))
    ahead = np.arange(first, first + len(true), dtype=np.float64)
    known = past[window, :, 0]
    before = np.arange(1 - len(known), 1, dtype=np.float64)
    quantiles = seen.decoded.quantiles
    band = (
        (ahead, _steps(quantiles[0][1][window], width), _steps(quantiles[-1][1][window], width))
        if len(quantiles) > 1 and len(ahead) > 1
        else None
    )
    off = short_number(float(np.abs(true - predicted).mean()))
    lines = [
        Line("before", before, known, 7),
        Line("true", ahead, true, 0, dots=True),
        Line("predicted", ahead, predicted, 1, dashed=True, dots=True),
    ]
    return lines_plot(
        name,
        f"{shortened(seen.name, 60)}: a window",
        f"{len(true)} steps ahead of {len(known)} known; off by {off} on average",
        lines,
        x_label="steps after the last that is known",
        y_label=shortened(seen.name, 30),
        band=band,
    )


def _stretch(seen: Seen, place: int) -> Plot:
    assert seen.decoded.numbers is not None
    true, predicted = (
        np.asarray(each, np.float64).reshape(len(seen.true), -1)[:, 0] for each in (seen.true, seen.decoded.numbers)
    )
    at = np.arange(1, len(true) + 1, dtype=np.float64)
    off = short_number(float(np.abs(true - predicted).mean()))
    return lines_plot(
        f"stretch-{place}",
        f"{shortened(seen.name, 60)}: the first step ahead, window after window",
        f"{len(true)} windows; off by {off} on average",
        [Line("true", at, true), Line("predicted", at, predicted, 1, dashed=True)],
        x_label="window",
        y_label=shortened(seen.name, 30),
        whole_x=True,
    )
