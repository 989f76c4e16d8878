"""Axes: numbers to pixels, round numbers beside them, and the frame that plots are drawn in."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.reporting.plots.svg import element, escape, fixed, shortened

__all__ = ["Frame", "Scale", "legend", "limits", "scaled_limits", "short_number"]

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 90, 16, 34, 46
LETTER = 6.8
WIDE_LETTER = 8.2
"""Of a legend, whose letters are larger on a phone."""


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """Numbers along an axis.

    Args:
        low: The number at `start`.
        high: The number at `end`.
        start: In pixels.
        end: In pixels.
        log: Equal ratios are equally far apart.
        whole: Only whole numbers are told.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    whole: bool = False

    def __call__(self, values: Any) -> NDArray[np.float64]:
        """The pixels of numbers; those beyond the axis are put at its ends."""
        given = np.asarray(values, np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.log:
                share = (np.log(given) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
            else:
                share = (given - self.low) / (self.high - self.low)
            return np.asarray(self.start + np.clip(share, 0.0, 1.0) * (self.end - self.start))

    def ticks(self) -> list[float]:
        """Round numbers on the axis, about five."""
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            powers = range(first, last + 1, max(1, math.ceil((last - first) / 6)))
            return [10.0**power for power in powers]
        step = _round_step((self.high - self.low) / 5)
        if self.whole:
            step = max(1.0, step)
        places = range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1)
        return [float(place * step) for place in places]


def _round_step(step: float) -> float:
    """The next of 1, 2, 5, 10, ... at any power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(each * power for each in (1, 2, 5, 10) if each * power >= step * (1 - 1e-9))


def short_number(value: float | None) -> str:
    """A number of four digits or all that are before the point, as people write it.

    Example:
        >>> short_number(1234567.0), short_number(0.25), short_number(None)
        ('1,234,567', '0.25', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.3e}"
    digits = max(3 - math.floor(math.log10(abs(value))), 0) if value else 0
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def limits(*parts: Any, margin: float = 0.04, zero: bool = False) -> tuple[float, float]:
    """The least and the greatest of numbers with room around them; some limits for none, or for one number.

    Args:
        parts: Arrays; what is no number counts for nothing.
        margin: A share of the whole.
        zero: 0 is on the axis.
    """
    every = np.concatenate([np.asarray(part, np.float64).reshape(-1) for part in parts]) if parts else np.empty(0)
    every = every[np.isfinite(every)]
    low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    least = max(abs(low), abs(high), 1e-6) * 1e-6
    if high - low < least:
        around = abs(low) * 0.1 if abs(low) * 0.01 > sys.float_info.min else 0.5
        return low - around, high + around
    room = (high - low) * margin
    return (0.0 if zero and low == 0 else low - room), (0.0 if zero and high == 0 else high + room)


def scaled_limits(parts: Sequence[Any], *, log: bool) -> tuple[float, float]:
    """The same for an axis that may show ratios; then all numbers are above 0."""
    if not log:
        return limits(*parts)
    low, high = limits(*(np.log10(np.asarray(part, np.float64)) for part in parts))
    return float(10**low), float(10**high)


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """The field of a plot between its axes.

    Args:
        x: The horizontal limits.
        y: The vertical limits.
        x_label: What is along the horizontal axis.
        y_label: What is along the vertical one.
        log_y: The vertical axis shows ratios.
        whole_x: The horizontal axis counts.
        width: Of the plot.
        height: Of the plot.
        log_x: The horizontal axis shows ratios.
        x_names: What stands at 0, 1, 2, ... of the horizontal axis in the place of numbers.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    x_label: str
    y_label: str
    log_y: bool = False
    whole_x: bool = False
    width: int = WIDTH
    height: int = HEIGHT
    log_x: bool = False
    x_names: Sequence[str] = ()

    @property
    def across(self) -> Scale:
        """From the left to the right."""
        return Scale(*self.x, LEFT, self.width - RIGHT, log=self.log_x, whole=self.whole_x)

    @property
    def up(self) -> Scale:
        """From below to above."""
        return Scale(*self.y, self.height - BOTTOM, TOP, log=self.log_y)

    def axes(self) -> str:
        """Grid, numbers and labels."""
        up = self.up
        left, right, bottom = LEFT, self.width - RIGHT, self.height - BOTTOM
        marks = []
        for value, place in zip(up.ticks(), up(up.ticks()).tolist(), strict=True):
            marks.append(element("path", class_="grid", d=f"M{left} {fixed(place)}H{right}"))
            marks.append(_text(short_number(value), left - 8, place + 4, "end", "tick number"))
        for said, place in self._below():
            marks.append(element("path", class_="grid", d=f"M{fixed(place)} {bottom}v5"))
            marks.append(_text(said, place, bottom + 19, "middle", "tick number"))
        marks.append(element("path", class_="axis", d=f"M{left} {TOP}V{bottom}H{right}"))
        marks.append(_text(self.x_label, (left + right) / 2, self.height - 8, "middle", "label"))
        middle = (TOP + bottom) / 2
        turned = f"rotate(-90 13 {fixed(middle)})"
        marks.append(_text(self.y_label, 13, middle, "middle", "label", transform=turned))
        return "".join(marks)

    def _below(self) -> list[tuple[str, float]]:
        """What stands along the horizontal axis, and where."""
        across = self.across
        if not self.x_names:
            ticks = across.ticks()
            return list(zip(map(short_number, ticks), across(ticks).tolist(), strict=True))
        letters = max(3, int((across.end - across.start) / len(self.x_names) / LETTER) - 1)
        names = [shortened(name, letters) for name in self.x_names]
        return list(zip(names, across(range(len(names))).tolist(), strict=True))

    def path(self, x: Any, y: Any) -> str:
        """A line through points, in pixels; broken where there is no number."""
        across, up = self.across(x), self.up(y)
        there = np.isfinite(across) & np.isfinite(up)
        parts, drawing = [], False
        for place, height, known in zip(across.tolist(), up.tolist(), there.tolist(), strict=True):
            if known:
                parts.append(f"{'L' if drawing else 'M'}{fixed(place)} {fixed(height)}")
            drawing = known
        if parts and len(parts) == parts.count(parts[0]):
            parts.append("h0")
        return "".join(parts)

    def dots(self, x: Any, y: Any) -> str:
        """Points as a path of lines without length, which round caps make visible."""
        across, up = self.across(x), self.up(y)
        there = np.isfinite(across) & np.isfinite(up)
        pairs = zip(across[there].tolist(), up[there].tolist(), strict=True)
        return "".join(f"M{fixed(place)} {fixed(height)}h0" for place, height in pairs)

    def diagonal(self) -> str:
        """Where both axes have the same number."""
        low, high = max(self.x[0], self.y[0]), min(self.x[1], self.y[1])
        return element("path", class_="guide", d=self.path([low, high], [low, high])) if low < high else ""


def _text(text: str, x: float, y: float, anchor: str, kind: str = "tick", **more: object) -> str:
    return element("text", escape(text), class_=kind, x=fixed(x), y=fixed(y), text_anchor=anchor, **more)


def legend(entries: Sequence[tuple[str, str]], *, left: float = LEFT, right: float = WIDTH) -> str:
    """Names beside the mark of each, in a line above the field, or in two; those that have no room are left out.

    Args:
        entries: `(name, classes)` with the classes of the mark, which tell a line from points.
        left: Where it begins.
        right: Where it has to end.
    """
    lines: list[list[tuple[float, str, str]]] = [[]]
    place = left
    for name, kind in entries:
        shown = shortened(name, 34)
        width = 28 + len(shown) * WIDE_LETTER + 12
        if place + width > right + 14 and lines[-1]:
            if len(lines) == 2:
                lines[-1].append((place, "…", ""))
                break
            lines.append([])
            place = left
        lines[-1].append((place, shown, kind))
        place += width
    heights = [20.0] if len(lines) == 1 else [12.0, 28.0]
    return "".join(_entry(*each, y) for line, y in zip(lines, heights, strict=True) for each in line)


def _entry(place: float, name: str, kind: str, y: float) -> str:
    if not kind:
        return _text(name, min(place, WIDTH - 14), y, "start", "tick name")
    d = f"M{fixed(place)} {fixed(y - 4)}h22" if kind.startswith("line") else f"M{fixed(place + 11)} {fixed(y - 4)}h0"
    return element("path", class_=kind, d=d) + _text(name, place + 28, y, "start", "tick name")
