"""Columns that are the pixels of a picture, as `pixel0` to `pixel783`: told by their number, and by what is near."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.config.options.types import feature_types
from dlcli.drafting.columns import Column

__all__ = ["Picture", "find_picture"]

_SMALLEST = 6
"""Pixels of a side."""

_LOOKED_AT = 2_000
"""Rows that tell what goes together."""

_NEARER = 0.1
"""How much more alike pixels are than any two, above each other and side by side."""

_NUMBERED = re.compile(r"(.*?)([0-9]+)", re.DOTALL)

_BRIGHTEST = 255


@dataclasses.dataclass(frozen=True)
class Picture:
    """Columns that are one feature.

    Args:
        column: What they are together.
        side: Pixels of it.
        columns: All columns, with that in the place of the pixels.
    """

    column: Column
    side: int
    columns: list[Column]


def find_picture(columns: Sequence[Column]) -> Picture | None:
    """The picture that the features are; None where they are none, or others stand beside it."""
    numbered = [(column, found) for column in columns if (found := _NUMBERED.fullmatch(column.name)) is not None]
    prefixes = {found[1] for column, found in numbered if column.used}
    if len(prefixes) != 1 or any(column.used for column in columns if _NUMBERED.fullmatch(column.name) is None):
        return None
    (prefix,) = prefixes
    pixels = [(int(found[2]), found[2], column) for column, found in numbered if found[1] == prefix]
    side = math.isqrt(len(pixels))
    first = pixels[0][0]
    in_order = [str(number) for number in range(first, first + len(pixels))] == [text for _, text, _ in pixels]
    if side < _SMALLEST or side**2 != len(pixels) or first > 1 or not in_order or re.search(r"[{}*?\[/]", prefix):
        return None
    parts = [column for _, _, column in pixels]
    if not all(column.used or column.suspect or column.why.startswith("the same as") for column in parts):
        return None
    block = _block(parts)
    if block is None or not _is_picture(block, side):
        return None
    picture = _together(parts, prefix, first, block, {column.name for column in columns})
    others = [column for column in columns if column not in parts]
    return Picture(picture, side, [picture, *others])


def _block(parts: Sequence[Column]) -> NDArray[np.float64] | None:
    """Rows of whole numbers from 0 to those of a byte; None where they are others."""
    found = [None if column.cells.is_array or column.cells.missing else column.cells.numbers for column in parts]
    block = [each[:_LOOKED_AT] for each in found if each is not None]
    if len(block) < len(parts) or len(block[0]) < 2 * _SMALLEST:
        return None
    whole = np.stack(block, axis=1)
    of_byte = whole.min() >= 0 and 1 < whole.max() <= _BRIGHTEST and np.array_equal(whole, np.floor(whole))
    return whole if of_byte else None


def _is_picture(block: NDArray[np.float64], side: int) -> bool:
    """Whether pixels beside each other and above each other are more alike than others are."""
    centred = block - block.mean(axis=0)
    deviation = centred.std(axis=0)
    varies = deviation > 0
    scaled = centred / np.where(varies, deviation, 1)
    alike = scaled.T @ scaled / len(block)
    both = np.outer(varies, varies)
    places = np.arange(side * side)

    def mean(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
        known = both[one, other]
        return float(alike[one, other][known].mean()) if known.any() else 0.0

    beside, above = places[places % side < side - 1], places[:-side]
    upper = np.triu_indices(side * side, 1)
    any_two = float(np.abs(alike[upper])[both[upper]].mean()) if both[upper].any() else 1.0
    # Of a series what is near is alike too, and half a row away it is so more than a whole row.
    half = mean(places[: -(side // 2)], places[side // 2 :])
    across, down = mean(beside, beside + 1), mean(above, above + side)
    return across > any_two + _NEARER and down > max(any_two, half) + _NEARER


def _together(parts: Sequence[Column], prefix: str, first: int, block: NDArray[np.float64], names: set[str]) -> Column:
    last, side = first + len(parts) - 1, math.isqrt(len(parts))
    brightest, most = int(block.max(axis=0).argmax()), float(block.max())
    said = {
        "type": "number",
        "columns": f"{prefix}{{{first}..{last}}}",
        "shape": [side, side, 1],
        "scale": {"divide": most if most <= _BRIGHTEST / 2 else float(_BRIGHTEST)},
    }
    name = "pixels"
    while name in names:
        name += "_"
    shown = parts[brightest]
    feature = feature_types()["number"].model_validate(said)
    why = f"{len(parts)} columns are the pixels of a picture: those near each other are alike"
    return Column(name, shown.cells, True, feature, why)
