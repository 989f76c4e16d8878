"""Bars: lying, a name beside each; and standing, as a histogram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcli.reporting.plots.axes import Frame, limits, short_number
from dlcli.reporting.plots.svg import Plot, element, escape, fixed, shortened

__all__ = ["bars_plot", "histogram_plot"]

LINE = 26
MOST_LETTERS = 26


def bars_plot(
    name: str,
    title: str,
    words: str,
    names: Sequence[str],
    values: Sequence[float],
    *,
    label: str,
    spreads: Sequence[float] = (),
) -> Plot:
    """Lying bars from 0, one below the other.

    Args:
        name: See `Plot`.
        title: See `Plot`.
        words: See `Plot`.
        names: Of the bars.
        values: Their lengths.
        label: What they are of.
        spreads: How far each value may be off.
    """
    left, right, top = 206, 560, 12
    low, high = limits(values, margin=0.0, zero=True)
    height = top + LINE * len(names) + 34

    def place(value: float) -> float:
        return left + (min(max(value, low), high) - low) / (high - low) * (right - left)

    drawn = [element("path", class_="axis", d=f"M{fixed(place(0))} {top}V{top + LINE * len(names)}")]
    for number, (each, value) in enumerate(zip(names, values, strict=True)):
        y = top + LINE * number
        start, end = sorted((place(0), place(value)))
        drawn.append(
            element(
                "rect", class_="bar c0", x=fixed(start), y=y + 4, width=fixed(max(end - start, 0.5)), height=LINE - 9
            )
        )
        if spreads:
            ends = (place(value - spreads[number]), place(value + spreads[number]))
            drawn.append(element("path", class_="spread", d=f"M{fixed(ends[0])} {y + 12}H{fixed(ends[1])}"))
        text = escape(shortened(each, MOST_LETTERS))
        drawn.append(element("text", text, class_="tick bar-name", x=left - 8, y=y + 17, text_anchor="end"))
        at = max(end, place(value + spreads[number])) if spreads else end
        drawn.append(element("text", escape(short_number(value)), class_="tick bar-name", x=fixed(at + 7), y=y + 17))
    bottom = top + LINE * len(names)
    drawn.append(
        element("text", escape(label), class_="label", x=(left + right) // 2, y=bottom + 24, text_anchor="middle")
    )
    return Plot(name, title, words, 640, height, "".join(drawn))


def histogram_plot(name: str, title: str, words: str, values: Any, *, x_label: str, bins: int = 31) -> Plot:
    """How often values are where.

    Args:
        name: See `Plot`.
        title: See `Plot`.
        words: See `Plot`.
        values: Any array; what is no number is left out.
        x_label: What they are.
        bins: How many bars.
    """
    known = np.asarray(values, np.float64).reshape(-1)
    known = known[np.isfinite(known)]
    low, high = limits(known, margin=0.0)
    counts, edges = np.histogram(np.clip(known, low, high), bins=bins, range=(low, high))
    frame = Frame((low, high), limits(counts, zero=True), x_label, "rows")
    across, up = frame.across(edges).tolist(), frame.up(counts).tolist()
    base = float(frame.up(0.0))
    bars = [
        element(
            "rect",
            class_="bar c0",
            x=fixed(start + 0.5),
            y=fixed(top),
            width=fixed(max(end - start - 1, 0.5)),
            height=fixed(base - top),
        )
        for start, end, top in zip(across, across[1:], up, strict=False)
        if base - top > 0
    ]
    zero = element("path", class_="guide", d=frame.path([0, 0], list(frame.y))) if low < 0 < high else ""
    return Plot(name, title, words, frame.width, frame.height, frame.axes() + "".join(bars) + zero)
