"""Points: predicted against true, residuals, and points on a ground of colors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from dlcli.reporting.plots.axes import Frame, legend, scaled_limits
from dlcli.reporting.plots.lines import Line
from dlcli.reporting.plots.svg import Plot, element, fixed

__all__ = ["Points", "points_plot"]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points of one color.

    Args:
        name: For the legend.
        x: `(points,)`.
        y: `(points,)`.
        color: From 0.
        ring: Drawn around, as what is wrong.
    """

    name: str
    x: Any
    y: Any
    color: int = 0
    ring: bool = False

    @property
    def kind(self) -> str:
        """The classes of its mark."""
        if self.ring:
            return f"rings c{self.color % 8}"
        return f"dots c{self.color % 8}{' square' if self.color % 2 else ''}"


def points_plot(
    name: str,
    title: str,
    words: str,
    groups: Sequence[Points],
    *,
    x_label: str,
    y_label: str,
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    diagonal: bool = False,
    level: float | None = None,
    ground: str = "",
    height: int = 340,
    log_x: bool = False,
    log_y: bool = False,
    whole_x: bool = False,
    x_names: Sequence[str] = (),
    line: Line | None = None,
) -> Plot:
    """A plot of points.

    Args:
        name: See `Plot`.
        title: See `Plot`.
        words: See `Plot`.
        groups: What is drawn.
        x_label: Along the horizontal axis.
        y_label: Along the vertical one.
        x: The limits of the horizontal axis.
        y: Likewise.
        diagonal: Where both are the same is shown.
        level: A horizontal line.
        ground: A picture behind the points, as a data URI, over the whole field.
        height: Pixels.
        log_x: The horizontal axis shows ratios; all numbers are above 0.
        log_y: Likewise the vertical one.
        whole_x: The horizontal axis counts.
        x_names: What the places 0, 1, 2, ... of the horizontal axis are called.
        line: Drawn behind the points.
    """
    if x_names:
        x = (-0.5, len(x_names) - 0.5)
    frame = Frame(
        x or scaled_limits([group.x for group in groups], log=log_x),
        y or scaled_limits([group.y for group in groups], log=log_y),
        x_label,
        y_label,
        log_y=log_y,
        whole_x=whole_x,
        height=height,
        log_x=log_x,
        x_names=x_names,
    )
    across, up = frame.across, frame.up
    picture = element(
        "image",
        href=ground,
        x=fixed(across.start),
        y=fixed(up.end),
        width=fixed(across.end - across.start),
        height=fixed(up.start - up.end),
        preserveAspectRatio="none",
    )
    drawn = [picture if ground else "", frame.axes(), frame.diagonal() if diagonal else ""]
    if level is not None:
        drawn.append(element("path", class_="guide", d=frame.path(list(frame.x), [level, level])))
    if line is not None:
        drawn.append(element("path", class_=line.kind, d=frame.path(line.x, line.y) or None))
    drawn += [element("path", class_=group.kind, d=frame.dots(group.x, group.y) or None) for group in groups]
    named = [(group.name, group.kind) for group in groups if len(groups) > 1 or line is not None]
    if named:
        drawn.append(legend([*named, *([] if line is None else [(line.name, line.kind)])], right=frame.width))
    return Plot(name, title, words, frame.width, frame.height, "".join(drawn))
