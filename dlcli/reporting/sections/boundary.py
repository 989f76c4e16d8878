"""Of two numbers: the plane that they span, in the colors of what the model predicts there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.data.columns.codec import ScalesNumbers
from dlcli.data.samples.samples import Taken
from dlcli.reporting.document import Block, Figure, Section, Text
from dlcli.reporting.gathering import Facts
from dlcli.reporting.looking import Look, Part, look_at_parts
from dlcli.reporting.plots.axes import limits
from dlcli.reporting.plots.png import data_uri
from dlcli.reporting.plots.points import Points, points_plot
from dlcli.reporting.plots.svg import shortened
from dlcli.reporting.seen import Seen
from dlcli.reporting.shown_rows import feature_parts

__all__ = ["boundary"]

SIDE = 120
"""Places along each axis at which the model is asked."""

MOST_POINTS = 800
MOST_CLASSES = 8
COLORS = (
    (0, 104, 170),
    (196, 70, 1),
    (0, 122, 85),
    (138, 63, 252),
    (161, 98, 7),
    (176, 38, 111),
    (14, 116, 144),
    (82, 90, 102),
)
"""Of classes, as in the style of the plots; over a light and over a dark ground."""

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Two numbers that a model is given, and nothing else.

    Args:
        names: Theirs.
        offset: Of the unit that the model is given them in.
        scale: Likewise.
        rows: The rows in their own unit, `(rows, 2)`.
    """

    names: tuple[str, str]
    offset: Floats
    scale: Floats
    rows: Floats

    def encoded(self, places: Floats) -> NDArray[np.float32]:
        """Places of the plane as the model is given them."""
        return ((places - self.offset) / np.where(self.scale == 0, 1.0, self.scale)).astype(np.float32)


def boundary(facts: Facts) -> Section | None:
    """The section; None where the model is not given two numbers."""
    if facts.look is None:
        return None
    planes = [plane for part in facts.look.parts if (plane := _plane(part)) is not None]
    if len(planes) < len(facts.look.parts):
        return None
    blocks = tuple(_blocks(facts.look, planes))
    return Section("boundary", "What it decides where", blocks) if blocks else None


def _plane(part: Part) -> Plane | None:
    """What a model is given, where that is a plane."""
    names, offsets, scales = [], [], []
    inputs = part.taken.inputs
    if len(inputs) != 1 or part.preprocessing.windows is not None:
        return None
    ((_, array),) = inputs.items()
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype != np.float32:
        return None
    for each in feature_parts(part.preprocessing, inputs):
        if each.codec is None or not isinstance(each.codec, ScalesNumbers) or not each.codec.linear:
            return None
        names += list(each.codec.names())
        offsets += each.codec.offset.tolist()
        scales += each.codec.scale.tolist()
    if len(names) != 2 or len(offsets) != 2 or len(scales) != 2:
        return None
    offset, scale = np.array(offsets), np.array(scales)
    return Plane((names[0], names[1]), offset, scale, array.astype(np.float64) * scale + offset)


def _blocks(look: Look, planes: Sequence[Plane]) -> Iterator[Block]:
    own = np.concatenate([plane.rows for plane in planes]) if look.chained else planes[0].rows
    across, up = limits(own[:, 0], margin=0.1), limits(own[:, 1], margin=0.1)
    grid = np.stack(np.meshgrid(np.linspace(*across, SIDE), np.linspace(*up, SIDE)), axis=-1).reshape(-1, 2)
    for place, seen in enumerate(_of_grid(look, planes, grid)):
        ground = _ground(seen)
        if ground is not None:
            yield _figure(look.seen[place], place, planes[0].names, own, (across, up), ground)
    ground_of = "the models predict on average" if len(planes) > 1 else "the model predicts"
    yield Text(f"The points are {look.all_of_them}; the ground is what {ground_of} there.", "note")


def _of_grid(look: Look, planes: Sequence[Plane], grid: Floats) -> tuple[Seen, ...]:
    """What is said of every place of the plane: the mean of all models."""
    parts = []
    for part, plane in zip(look.parts, planes, strict=True):
        (name,) = part.taken.inputs
        targets = {key: np.zeros((len(grid), *each.shape[1:]), each.dtype) for key, each in part.taken.targets.items()}
        parts.append(dataclasses.replace(part, taken=Taken({name: plane.encoded(grid)}, targets)))
    return look_at_parts(look.name, len(grid), parts).seen


def _ground(seen: Seen) -> NDArray[np.uint8] | None:
    """The plane as pixels, the greatest of the vertical numbers above."""
    decoded = seen.decoded
    pixels = np.zeros((SIDE * SIDE, 4), np.uint8)
    if decoded.indices is not None and decoded.indices.ndim == 1 and len(decoded.classes) <= MOST_CLASSES:
        colors = np.array(COLORS, np.uint8)
        pixels[:, :3] = colors[np.maximum(decoded.indices, 0) % len(colors)]
        sure = np.ones(len(pixels)) if decoded.probabilities is None else decoded.probabilities.max(axis=1)
        least = 1 / max(len(decoded.classes), 2)
        pixels[:, 3] = 40 + 110 * np.clip((np.nan_to_num(sure) - least) / (1 - least), 0, 1)
    elif decoded.numbers is not None and decoded.numbers.shape[1:] == (1,):
        values = np.nan_to_num(np.asarray(decoded.numbers, np.float64)[:, 0])
        low, high = limits(values, margin=0.0)
        pixels[:, :3] = COLORS[0]
        pixels[:, 3] = 15 + 200 * (values - low) / (high - low)
    else:
        return None
    return np.ascontiguousarray(pixels.reshape(SIDE, SIDE, 4)[::-1])


def _figure(
    seen: Seen,
    place: int,
    names: tuple[str, str],
    own: Floats,
    field: tuple[tuple[float, float], tuple[float, float]],
    ground: NDArray[np.uint8],
) -> Figure:
    few = np.random.default_rng(0).permutation(len(own))[:MOST_POINTS]
    true, classes = seen.true.reshape(-1)[few], seen.decoded.classes
    groups = [
        Points(name, own[few][true == index, 0], own[few][true == index, 1], index)
        for index, name in enumerate(classes)
    ] or [Points("rows", own[few, 0], own[few, 1])]
    words = (
        f"where the model predicts which of {', '.join(classes)}"
        if classes
        else "the darker, the more the model predicts"
    )
    plot = points_plot(
        f"boundary-{place}",
        f"{shortened(seen.name, 60)}: what the model decides where",
        words,
        groups,
        x_label=shortened(names[0], 40),
        y_label=shortened(names[1], 40),
        x=field[0],
        y=field[1],
        ground=data_uri(ground),
        height=460,
    )
    return Figure(plot)
