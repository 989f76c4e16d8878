"""Lines: curves over the epochs, ROC and precision against recall, calibration, forecasts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.reporting.plots.axes import Frame, legend, limits, scaled_limits, short_number
from dlcli.reporting.plots.svg import Plot, element, escape, fixed

__all__ = ["Line", "Mark", "in_words", "lines_plot", "spans_decades", "thinned"]

MOST_POINTS = 400
"""Of a line; a line of more keeps the least and the greatest of each stretch."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line with its name.

    Args:
        name: For the legend; not there when empty.
        x: `(points,)`.
        y: `(points,)`; a line is broken where one is no number.
        color: From 0.
        dashed: As a second sign beside the color.
        dots: Its points are drawn too.
        thin: One of many, behind what they say together.
    """

    name: str
    x: Any
    y: Any
    color: int = 0
    dashed: bool = False
    dots: bool = False
    thin: bool = False

    @property
    def kind(self) -> str:
        """The classes of its mark."""
        return f"line c{self.color % 8}{' dashed' if self.dashed else ''}{' thin' if self.thin else ''}"


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """A point that is pointed out, with words beside it, and a line down to the axis."""

    x: float
    y: float
    text: str
    color: int = 0


def lines_plot(
    name: str,
    title: str,
    words: str,
    lines: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    marks: Sequence[Mark] = (),
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    log_y: bool = False,
    whole_x: bool = False,
    diagonal: bool = False,
    band: tuple[Any, Any, Any] | None = None,
) -> Plot:
    """A plot of lines.

    Args:
        name: See `Plot`.
        title: See `Plot`.
        words: See `Plot`.
        lines: What is drawn, in the order of the legend.
        x_label: Along the horizontal axis.
        y_label: Along the vertical one.
        marks: Points that are pointed out.
        x: The limits of the horizontal axis; those of the lines when None.
        y: Likewise.
        log_y: The vertical axis shows ratios; all numbers are above 0.
        whole_x: The horizontal axis counts.
        diagonal: Where both are the same is shown.
        band: `x`, and the bounds of an area behind the lines.
    """
    bounds = () if band is None else band[1:]
    y_limits = y or scaled_limits([*(line.y for line in lines), *bounds], log=log_y)
    frame = Frame(
        x or limits(*(line.x for line in lines), margin=0.02), y_limits, x_label, y_label, log_y=log_y, whole_x=whole_x
    )
    drawn = [frame.axes(), frame.diagonal() if diagonal else ""]
    if band is not None:
        around = np.concatenate([band[0], band[0][::-1]]), np.concatenate([band[1], band[2][::-1]])
        drawn.append(element("path", class_="band", d=f"{frame.path(*around)}Z"))
    for line in lines:
        drawn.append(element("path", class_=line.kind, d=frame.path(*thinned(line.x, line.y)) or None))
        if line.dots:
            drawn.append(element("path", class_=f"dots c{line.color % 8}", d=frame.dots(line.x, line.y) or None))
    drawn += [_marked(frame, mark, below=place % 2 == 1) for place, mark in enumerate(marks)]
    drawn.append(legend([(line.name, line.kind) for line in lines if line.name], right=frame.width))
    return Plot(name, title, words, frame.width, frame.height, "".join(drawn))


def _marked(frame: Frame, mark: Mark, *, below: bool) -> str:
    place, height = float(frame.across(mark.x)), float(frame.up(mark.y))
    right = place > frame.width * 0.72
    down = element("path", class_="guide", d=f"M{fixed(place)} {fixed(height)}V{frame.height - 46}")
    point = element("circle", class_=f"mark c{mark.color % 8}", cx=fixed(place), cy=fixed(height), r="5")
    text = element(
        "text",
        escape(mark.text),
        class_="tick strong",
        x=fixed(place + (-9 if right else 9)),
        y=fixed(height + 20 if below else max(height - 8, 44)),
        text_anchor="end" if right else "start",
    )
    return down + point + text


def thinned(x: Any, y: Any, most: int = MOST_POINTS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A line of at most about so many points, that has its peaks still.

    Example:
        >>> x, y = thinned(np.arange(10_000), np.sin(np.arange(10_000)))
        >>> len(x) <= 400
        True
    """
    across, up = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(across) <= most:
        return across, up
    kept = {0, len(across) - 1}
    for part in np.array_split(np.arange(len(across)), most // 2 - 1):
        known = part[np.isfinite(up[part])]
        if len(known):
            kept |= {int(known[up[known].argmin()]), int(known[up[known].argmax()])}
        else:
            kept.add(int(part[0]))  # so that the line is broken here
    places = np.array(sorted(kept))
    return across[places], up[places]


def spans_decades(parts: Sequence[Any]) -> bool:
    """Whether values are better seen by their ratios."""
    every = np.concatenate([np.asarray(part, np.float64) for part in parts])
    every = every[np.isfinite(every)]
    return bool(len(every) and every.min() > 0 and every.max() > 50 * every.min())


def in_words(line: Line) -> str:
    """Where a line begins and ends: `train from 1.09 to 0.05`."""
    known = np.asarray(line.y, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return f"{line.name} has no numbers"
    return f"{line.name} from {short_number(float(known[0]))} to {short_number(float(known[-1]))}"
