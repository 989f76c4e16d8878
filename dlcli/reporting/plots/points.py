"""Points: predicted against true, residuals, and points on a ground of colors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from dlcli.reporting.plots.axes import Frame, legend, limits
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
        return f"{'rings' if self.ring else 'dots'} c{self.color % 8}{' square' if self.color % 2 else ''}"


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
    """
    frame = Frame(
        x or limits(*(group.x for group in groups)),
        y or limits(*(group.y for group in groups)),
        x_label,
        y_label,
        height=height,
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
    drawn += [element("path", class_=group.kind, d=frame.dots(group.x, group.y) or None) for group in groups]
    if len(groups) > 1:
        drawn.append(legend([(group.name, group.kind) for group in groups], dots=True, right=frame.width))
    return Plot(name, title, words, frame.width, frame.height, "".join(drawn))
