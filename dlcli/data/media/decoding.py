"""The bytes of a picture become pixels, by Pillow: whatever its format and mode, upright, of the size asked for.

The pixels are a function of the file and of what is asked for alone, for training and prediction alike.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import struct
import warnings
import zlib
from collections.abc import Sequence
from types import ModuleType
from typing import IO, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FORMATS",
    "NOTHING",
    "BadImage",
    "Look",
    "Pixels",
    "Resize",
    "decode",
    "decode_frames",
    "from_pixels",
    "look",
    "numbers_of",
]

Pixels: TypeAlias = NDArray[np.uint8]
Resize: TypeAlias = Literal["stretch", "fit", "pad", "crop"]

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
"""All others of Pillow's are for few, and each is one more parser of what strangers send."""

MOST_PIXELS = 178_956_970
"""Of an image: half a gigabyte in RGB. Files of a few kilobytes can claim more than any memory holds."""

MOVING = ("GIF", "WEBP")
"""Formats of films as well as of pictures."""

NOTHING = -(2**31)
"""The number of a mask's pixels where nothing of it is."""

MODES = {1: "L", 3: "RGB", 4: "RGBA"}

_FAULTS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, LookupError, TypeError, OverflowError)
"""What Pillow's readers raise of files that are not what they seem: each says it in a way of its own."""

_ORIENTATION = 0x0112


class BadImage(Exception):
    """Bytes that are no image; the message says why, without a name of a file."""


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What the first bytes of a picture tell.

    Args:
        size: Height and width, upright.
        channels: 1, 3 or 4.
        frames: How many pictures follow one another in it.
        moves: Whether its format is one of films, even if it has a single picture.
    """

    size: tuple[int, int]
    channels: int
    frames: int = 1
    moves: bool = False


def look(stream: IO[bytes], *, frames: bool = False) -> Look:
    """What there is to know of a picture without decoding it.

    Args:
        stream: Its bytes.
        frames: Count its frames as well.

    Raises:
        BadImage: It is none.
    """
    image = _opened(stream)
    width, height = image.size
    upright = (width, height) if _orientation(image) >= 5 else (height, width)
    if not frames:
        return Look(upright, _channels(image))
    channels = _channels(image)
    try:
        count = int(getattr(image, "n_frames", 1))
    except _FAULTS as error:
        raise BadImage(_reason(error)) from None
    return Look(upright, channels, count, count > 1 or image.format in MOVING)


def decode(stream: IO[bytes], *, size: tuple[int, int] | None, channels: int, resize: Resize) -> Pixels:
    """The pixels `(height, width, channels)` of a picture; of several frames the first.

    Args:
        stream: Its bytes.
        size: The height and width that are asked for; its own when None.
        channels: 1, 3 or 4; what is transparent is lost in 1 and 3.
        resize: How it comes to that size.

    Raises:
        BadImage: It is none, it is cut short, or it is larger than any picture should be.
    """
    image = _opened(stream)
    return _decoded(image, _orientation(image), size=size, channels=channels, resize=resize)


def decode_frames(
    stream: IO[bytes], places: Sequence[int], *, size: tuple[int, int] | None, channels: int, resize: Resize
) -> list[Pixels]:
    """Some pictures of one that moves, each as `decode` gives it.

    Args:
        stream: Its bytes.
        places: Which, ascending, from 0.
        size: See `decode`.
        channels: See `decode`.
        resize: See `decode`.

    Raises:
        BadImage: See `decode`.
    """
    image = _opened(stream)
    orientation = _orientation(image)
    frames: list[Pixels] = []
    for place in places:
        try:
            image.seek(place)
        except _FAULTS as error:
            raise BadImage(_reason(error)) from None
        frames.append(_decoded(image, orientation, size=size, channels=channels, resize=resize))
    return frames


def _decoded(image: Any, orientation: int, *, size: tuple[int, int] | None, channels: int, resize: Resize) -> Pixels:
    try:
        image.load()
        image = _eight_bits(image)
        if image.mode != MODES[channels]:
            # A palette's own transparency is kept only on the way over RGBA.
            image = image.convert("RGBA" if channels == 4 else MODES[channels])
        image = _upright(image, orientation)
    except _FAULTS as error:
        raise BadImage(_reason(error)) from None
    return _arranged(image, size=size, resize=resize)


def numbers_of(stream: IO[bytes], *, size: tuple[int, int] | None, resize: Resize = "stretch") -> NDArray[np.int32]:
    """The number of each pixel `(height, width)`: a place in the palette, or a gray value, of all bits that there are.

    Args:
        stream: The bytes of a picture.
        size: The height and width that are asked for, to which the nearest pixels are taken; its own when None.
        resize: How it comes to that size: as the picture that it belongs to. `NOTHING` is where nothing of it is.

    Raises:
        BadImage: It is none, it is cut short, or it has colours.
    """
    image = _opened(stream)
    orientation = _orientation(image)
    try:
        image.load()
        if image.mode in ("RGB", "RGBA"):
            red, green, blue = image.split()[:3]
            if red.tobytes() != green.tobytes() or red.tobytes() != blue.tobytes():
                raise BadImage("it has colours, and a mask has one number a pixel: gray, or a palette")
            image = red
        elif image.mode in ("LA", "PA"):
            image = image.getchannel(0)
        image = _upright(image, orientation)
    except _FAULTS as error:
        raise BadImage(_reason(error)) from None
    if size is None or image.size == (size[1], size[0]):
        return np.asarray(image).astype(np.int32)
    place = _place(image.size, size, resize)
    whole = np.full(size, NOTHING, np.int32)
    (left, top), (width, height) = place.corner, place.inner
    whole[top : top + height, left : left + width] = np.asarray(_shown(image, place, _pillow().Resampling.NEAREST))
    return whole


def from_pixels(pixels: Pixels, *, size: tuple[int, int], channels: int, resize: Resize) -> Pixels:
    """An image of an array `(height, width, channels)`, as `decode` gives those of files."""
    pillow = _pillow()
    image = pillow.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    if image.mode != MODES[channels]:
        image = image.convert(MODES[channels])
    return _arranged(image, size=size, resize=resize)


def _arranged(image: Any, *, size: tuple[int, int] | None, resize: Resize) -> Pixels:
    """A picture of Pillow's, in one of `MODES`, as pixels of a size."""
    if size is not None and image.size != (size[1], size[0]):
        image = _resized(image, size, resize)
    pixels: Pixels = np.asarray(image, np.uint8)
    return pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels


@functools.cache
def _pillow() -> ModuleType:
    from PIL import Image

    # A picture that is large and within our own limit is nothing to warn of, on standard error.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    return Image


def _upright(image: Any, orientation: int) -> Any:
    """A picture turned as the camera was held that took it, in one of eight ways."""
    if orientation == 1:
        return image
    ways = _pillow().Transpose
    turns = (
        ways.FLIP_LEFT_RIGHT,
        ways.ROTATE_180,
        ways.FLIP_TOP_BOTTOM,
        ways.TRANSPOSE,
        ways.ROTATE_270,
        ways.TRANSVERSE,
        ways.ROTATE_90,
    )
    return image.transpose(turns[orientation - 2])


def _opened(stream: IO[bytes]) -> Any:
    pillow = _pillow()
    try:
        image = pillow.open(stream, formats=FORMATS)
        width, height = image.size
    except pillow.UnidentifiedImageError:
        raise BadImage("it is no PNG, JPEG, BMP, GIF or WebP image") from None
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning):
        raise BadImage("it claims more pixels than an image may have") from None
    except _FAULTS as error:
        raise BadImage(_reason(error)) from None
    if width * height > MOST_PIXELS:
        raise BadImage(f"it claims {width:,} x {height:,} pixels, more than an image may have")
    return image


def _orientation(image: Any) -> int:
    """How the camera was held, 1 to 8; 1 where the file does not say, or says nonsense."""
    with contextlib.suppress(*_FAULTS):
        found = image.getexif().get(_ORIENTATION, 1)
        return found if found in range(1, 9) else 1
    return 1


def _channels(image: Any) -> int:
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return 4
    return 1 if image.mode in ("1", "L") or image.mode.startswith(("I", "F")) else 3


def _eight_bits(image: Any) -> Any:
    """Of 16 bits the upper eight, as decoders of 8 bits give them: 0x12ab becomes 0x12."""
    if not image.mode.startswith("I"):
        return image
    numbers = np.asarray(image)
    return _pillow().fromarray(np.clip(numbers.astype(np.int64) >> 8, 0, 255).astype(np.uint8))


@dataclasses.dataclass(frozen=True)
class _Place:
    """What of a picture is shown, and where; lengths are (width, height), as Pillow has them.

    Args:
        box: Of the picture: left, top, right, bottom.
        inner: The size that it is given.
        corner: Where that stands in the whole, which has nothing else.
    """

    box: tuple[float, float, float, float]
    inner: tuple[int, int]
    corner: tuple[int, int]


def _place(own: tuple[int, int], size: tuple[int, int], resize: Resize) -> _Place:
    """How a picture of a size of its own, (width, height), comes to the height and width that are asked for."""
    height, width = size
    whole = (0.0, 0.0, float(own[0]), float(own[1]))
    ratios = width / own[0], height / own[1]
    if resize == "stretch":
        return _Place(whole, (width, height), (0, 0))
    if resize == "crop":
        ratio = max(ratios)
        wide, high = width / ratio, height / ratio
        # Rounding must not put the box a hair outside of the image.
        left, top = max(0.0, (own[0] - wide) / 2), max(0.0, (own[1] - high) / 2)
        box = (left, top, min(whole[2], left + wide), min(whole[3], top + high))
        return _Place(box, (width, height), (0, 0))
    ratio = min(*ratios, 1.0) if resize == "pad" else min(ratios)
    inner = (min(width, max(1, round(own[0] * ratio))), min(height, max(1, round(own[1] * ratio))))
    return _Place(whole, inner, ((width - inner[0]) // 2, (height - inner[1]) // 2))


def _shown(image: Any, place: _Place, sampling: Any) -> Any:
    if place.inner == image.size and place.box == (0.0, 0.0, *map(float, image.size)):
        return image
    return image.resize(place.inner, sampling, box=place.box)


def _resized(image: Any, size: tuple[int, int], resize: Resize) -> Any:
    pillow = _pillow()
    place = _place(image.size, size, resize)
    shown = _shown(image, place, pillow.Resampling.BILINEAR)
    if place.inner == (size[1], size[0]):
        return shown
    whole = pillow.new(image.mode, (size[1], size[0]))
    whole.paste(shown, place.corner)
    return whole


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return f"it is damaged or cut short ({text[:120]})"
