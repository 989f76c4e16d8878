"""A sheet of images with a line of text below each, as a PNG file: what the first batch of a training looks like."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["sheet"]

TILE = (128, 224)
"""The least and the most pixels of a side, to which images are enlarged or made smaller."""

LINE = 16
MARGIN = 4
LETTER = 6
"""Pixels of a letter, about: a text that is longer than its image is cut."""


def sheet(images: NDArray[np.uint8], texts: Sequence[str]) -> bytes:
    """The PNG file of a grid.

    Args:
        images: `(count, height, width, channels)`.
        texts: One an image.
    """
    from PIL import Image, ImageDraw

    tiles = [_tile(Image, image) for image in images]
    width, height = tiles[0].size
    columns = math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    step = (width + MARGIN, height + LINE + MARGIN)
    whole = Image.new("RGB", (columns * step[0] + MARGIN, rows * step[1] + MARGIN), "white")
    draw = ImageDraw.Draw(whole)
    for place, (tile, text) in enumerate(zip(tiles, texts, strict=True)):
        row, column = divmod(place, columns)
        corner = (MARGIN + column * step[0], MARGIN + row * step[1])
        whole.paste(tile, corner)
        short = text if len(text) * LETTER <= width else text[: max(1, width // LETTER - 1)] + "…"
        _write(draw, (corner[0], corner[1] + height + 1), short)
    stream = io.BytesIO()
    whole.save(stream, "PNG")
    return stream.getvalue()


def _tile(pillow: Any, image: NDArray[np.uint8]) -> Any:
    channels = image.shape[2]
    tile = pillow.fromarray(image[:, :, 0] if channels == 1 else image)
    if channels == 4:  # what is transparent shows a gray ground
        tile = pillow.alpha_composite(pillow.new("RGBA", tile.size, (160, 160, 160, 255)), tile)
    tile = tile.convert("RGB")
    longest = max(tile.size)
    if longest < TILE[0]:
        factor = math.ceil(TILE[0] / longest)
        return tile.resize((tile.width * factor, tile.height * factor), pillow.Resampling.NEAREST)
    if longest > TILE[1]:
        ratio = TILE[1] / longest
        size = (max(1, round(tile.width * ratio)), max(1, round(tile.height * ratio)))
        return tile.resize(size, pillow.Resampling.BILINEAR)
    return tile


def _write(draw: Any, place: tuple[int, int], text: str) -> None:
    try:
        draw.text(place, text, fill="black")
    except UnicodeEncodeError:  # without FreeType the letters are those of western Europe
        draw.text(place, text.encode("ascii", "replace").decode(), fill="black")
