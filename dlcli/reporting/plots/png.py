"""Pixels as a PNG file in a data URI: pictures that travel inside of the page."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["data_uri", "png", "thumbnail"]

_KINDS = {1: 0, 3: 2, 4: 6}
"""PNG's number for gray, color, and color with transparency."""


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file.

    Args:
        pixels: `(height, width, channels)` of 1, 3 or 4 channels.
    """
    height, width, channels = pixels.shape
    lines = np.zeros((height, 1 + width * channels), np.uint8)  # each line begins with its filter, which is none
    lines[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, _KINDS[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """The pixels as a link that holds them."""
    return f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}"


def thumbnail(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Pixels of at most so many a side: means of blocks.

    Args:
        pixels: `(height, width, channels)`.
        side: The most.
    """
    step = -(-max(pixels.shape[:2]) // side)
    if step <= 1:
        return pixels
    height, width = (max(size // step, 1) for size in pixels.shape[:2])
    whole = pixels[: height * step, : width * step].astype(np.float32)
    rows, columns = min(step, whole.shape[0]), min(step, whole.shape[1])
    blocks = whole[: height * rows, : width * columns].reshape(height, rows, width, columns, -1)
    return np.asarray(np.round(blocks.mean(axis=(1, 3))), np.uint8)
