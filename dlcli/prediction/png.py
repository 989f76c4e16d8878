"""A PNG file, written: what is predicted of images needs no package for that."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Color", "png"]

Color = tuple[int, int, int]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KINDS = {1: 0, 2: 4, 3: 2, 4: 6}
"""What the format calls so many channels; 3 is a place in a palette."""


def png(pixels: NDArray[Any], *, palette: Sequence[Color] = ()) -> bytes:
    """The content of a PNG file.

    Args:
        pixels: `(height, width)`, or with 1 to 4 channels: uint8, or uint16.
        palette: The colours of the pixels' numbers, of which there is one a pixel; they are gray values when empty.

    Example:
        >>> png(np.zeros((2, 3), np.uint8))[:8] == _SIGNATURE
        True
    """
    pixels = pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels
    height, width, channels = pixels.shape
    depth = pixels.dtype.itemsize * 8
    header = struct.pack(">IIBBBBB", width, height, depth, 3 if palette else _KINDS[channels], 0, 0, 0)
    rows = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder(">")).reshape(height, -1).view(np.uint8)
    # A byte before each row says that its pixels stand for themselves, and not for what they add to those before.
    lines = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)
    colors = [_chunk(b"PLTE", bytes(part for color in palette for part in color))] if palette else []
    parts = [_chunk(b"IHDR", header), *colors, _chunk(b"IDAT", zlib.compress(lines.tobytes())), _chunk(b"IEND", b"")]
    return _SIGNATURE + b"".join(parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
