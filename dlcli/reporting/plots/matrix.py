"""A matrix of counts, such as who was taken for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.reporting.plots.png import data_uri
from dlcli.reporting.plots.svg import Plot, element, escape, fixed, shortened

__all__ = ["matrix_plot"]

MOST_NAMED = 25
"""Rows up to which each cell has its number, and each row its name."""

LETTER = 6.8
ACCENT = (0, 104, 170)


def matrix_plot(name: str, title: str, words: str, names: Sequence[str], counts: NDArray[Any]) -> Plot:
    """Cells as dark as they are large within their row.

    Args:
        name: See `Plot`.
        title: See `Plot`.
        words: See `Plot`.
        names: Of the rows, and of the columns.
        counts: `(rows, columns)`, as many as names.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return (
        _named(name, title, words, names, counts, shares)
        if len(names) <= MOST_NAMED
        else _many(name, title, words, shares)
    )


def _named(name: str, title: str, words: str, names: Sequence[str], counts: NDArray[Any], shares: NDArray[Any]) -> Plot:
    shown = [shortened(each, 18) for each in names]
    left = 34 + max(len(each) for each in shown) * LETTER
    cell = min(72.0, max(24.0, (640 - left - 8) / len(names)))
    width, top = int(left + cell * len(names) + 8), 8
    bottom = top + cell * len(names)
    slanted = max(len(each) for each in shown) * LETTER > cell - 6
    below = 26 + (max(len(each) for each in shown) * LETTER * 0.71 if slanted else 6)
    drawn = []
    for row, (counted, share) in enumerate(zip(counts.tolist(), shares.tolist(), strict=True)):
        y = top + row * cell
        drawn.append(_label(shown[row], left - 8, y + cell / 2 + 4, "end"))
        for column, (count, part) in enumerate(zip(counted, share, strict=True)):
            x = left + column * cell
            drawn.append(_cell(x, y, cell, count, part, right=row == column))
    for column, each in enumerate(shown):
        x = left + (column + 0.5) * cell
        turned = f"rotate(-45 {fixed(x)} {fixed(bottom + 14)})" if slanted else None
        drawn.append(_label(each, x, bottom + 16, "end" if slanted else "middle", transform=turned))
    height = int(bottom + below + 18)
    drawn.append(_label("predicted", left + cell * len(names) / 2, height - 6, "middle", "label"))
    middle = fixed(top + cell * len(names) / 2)
    drawn.append(_label("true", 18, float(middle), "middle", "label", transform=f"rotate(-90 18 {middle})"))
    return Plot(name, title, words, max(width, 240), height, "".join(drawn))


def _cell(x: float, y: float, cell: float, count: int, share: float, *, right: bool) -> str:
    kind = "cell c0" if right else "cell c1"
    at = {"x": fixed(x + 1), "y": fixed(y + 1), "width": fixed(cell - 2), "height": fixed(cell - 2)}
    drawn = element("rect", class_="empty", **at)
    if count:
        drawn += element("rect", class_=kind, **at, fill_opacity=f"{0.08 + 0.92 * share:.2f}")
    text = f"{count:,}" if len(f"{count:,}") * LETTER < cell - 2 else f"{count:.0e}".replace("e+0", "e")
    inside = "tick on" if share > 0.5 else "tick" if count else "tick faint"
    return drawn + _label(text, x + cell / 2, y + cell / 2 + 4, "middle", inside)


def _many(name: str, title: str, words: str, shares: NDArray[Any]) -> Plot:
    pixels = np.zeros((*shares.shape, 4), np.uint8)
    pixels[..., :3] = ACCENT
    pixels[..., 3] = np.where(shares > 0, 40 + 215 * shares, 0)
    frame = {"x": 40, "y": 8, "width": 560, "height": 560}
    drawn = element("rect", class_="empty", **frame)
    drawn += element("image", href=data_uri(pixels), **frame, class_="pixels", preserveAspectRatio="none")
    drawn += _label("predicted", 320, 588, "middle", "label")
    drawn += _label("true", 22, 288, "middle", "label", transform="rotate(-90 22 288)")
    return Plot(name, title, words, 640, 600, drawn)


def _label(text: str, x: float, y: float, anchor: str, kind: str = "tick", **more: object) -> str:
    return element("text", escape(text), class_=kind, x=fixed(x), y=fixed(y), text_anchor=anchor, **more)
