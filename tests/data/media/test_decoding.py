"""Bytes become pixels: every format and mode, upright, and of the size that is asked for; what is no image is told."""

from __future__ import annotations

import contextlib
import io
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dlcli.data.media.decoding import NOTHING, BadImage, Resize, decode, look, numbers_of

few = settings(max_examples=40, deadline=None)

RAMP = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3) * 3


def written(image: Any, format: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def pixels(data: bytes, *, channels: int = 3, size: tuple[int, int] | None = None, resize: Any = "stretch") -> Any:
    return decode(io.BytesIO(data), size=size, channels=channels, resize=resize)


@pytest.mark.parametrize("format", ["PNG", "BMP", "GIF", "WEBP", "JPEG"])
def test_every_format(format: str) -> None:
    image = Image.fromarray(np.full((5, 7, 3), (200, 100, 50), np.uint8))
    data = written(image, format, **({"lossless": True} if format == "WEBP" else {}))
    assert look(io.BytesIO(data)).size == (5, 7)
    found = pixels(data)
    assert (found.shape, found.dtype) == ((5, 7, 3), np.uint8)
    assert np.abs(found.astype(int) - (200, 100, 50)).max() <= (3 if format in ("JPEG", "GIF") else 0)


@pytest.mark.parametrize(
    ("image", "channels", "wanted"),
    [
        (Image.fromarray(RAMP[:, :, 0]), 1, RAMP[:, :, :1]),
        (Image.fromarray(RAMP[:, :, 0]), 3, np.repeat(RAMP[:, :, :1], 3, axis=2)),
        (Image.fromarray(RAMP), 3, RAMP),
        (Image.fromarray(RAMP), 4, np.dstack([RAMP, np.full((6, 4), 255, np.uint8)])),
        (Image.fromarray(np.dstack([RAMP, RAMP[:, :, 0]])), 4, np.dstack([RAMP, RAMP[:, :, 0]])),
        (Image.fromarray(np.dstack([RAMP, RAMP[:, :, 0]])), 3, RAMP),
        (Image.fromarray(RAMP[:, :, 0] > 90), 1, (RAMP[:, :, :1] > 90) * np.uint8(255)),
        (Image.fromarray(RAMP[:, :, 0].astype(np.uint16) * 256 + 7), 1, RAMP[:, :, :1]),
        (Image.fromarray(RAMP).convert("P", palette=Image.Palette.ADAPTIVE), 3, RAMP),
    ],
    ids=["gray", "gray as rgb", "rgb", "rgb as rgba", "rgba", "rgba as rgb", "1 bit", "16 bits", "palette"],
)
def test_every_mode(image: Any, channels: int, wanted: Any) -> None:
    np.testing.assert_array_equal(pixels(written(image), channels=channels), wanted)


def test_a_palette_is_transparent_where_it_says_so() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1])
    data = written(image, transparency=1)
    assert look(io.BytesIO(data)).channels == 4
    assert pixels(data, channels=4).tolist() == [[[10, 20, 30, 255], [40, 50, 60, 0]]]
    assert pixels(data).tolist() == [[[10, 20, 30], [40, 50, 60]]]


def test_four_colours_of_print() -> None:
    found = pixels(written(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    assert np.abs(found.astype(int) - (255, 0, 0)).max() <= 4


def test_the_first_frame() -> None:
    frames = [Image.new("RGB", (3, 2), colour) for colour in ("red", "blue")]
    data = written(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert pixels(data)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright(orientation: int) -> None:
    """As a viewer shows it: the corner that the camera's way of being held makes the upper left one."""
    image = Image.fromarray(np.full((8, 16), 255, np.uint8))
    corner = {1: (0, 0), 2: (15, 0), 3: (15, 7), 4: (0, 7), 5: (0, 0), 6: (0, 7), 7: (15, 7), 8: (15, 0)}[orientation]
    image.putpixel(corner, 0)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = written(image, exif=exif)
    found = pixels(data, channels=1)
    assert found.shape[:2] == look(io.BytesIO(data)).size == ((16, 8) if orientation >= 5 else (8, 16))
    assert np.argwhere(found[:, :, 0] == 0).tolist() == [[0, 0]]


@few
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([1, 3, 4]),
    st.sampled_from(["stretch", "fit", "pad", "crop"]),
)
def test_every_size(height: int, width: int, high: int, wide: int, channels: int, resize: str) -> None:
    """What is asked for comes out; a plain image stays plain where it lies, and what is filled up is black."""
    data = written(Image.new("L", (width, height), 200))
    found = pixels(data, channels=channels, size=(high, wide), resize=resize)
    assert found.shape == (high, wide, channels)
    values = set(found[:, :, 0].ravel().tolist())
    assert values <= ({200} if resize in ("stretch", "crop") else {0, 200})
    assert 200 in values
    if resize == "pad" and height <= high and width <= wide:
        assert (found[:, :, 0] == 200).sum() == height * width
    if (high, wide) == (height, width):
        assert values == {200}


def test_the_ways_of_a_wide_image() -> None:
    wide = np.zeros((10, 20), np.uint8)
    wide[:, 5:15] = 100
    data = written(Image.fromarray(wide))
    assert (pixels(data, channels=1, size=(10, 10), resize="crop") == 100).all()
    fitted = pixels(data, channels=1, size=(20, 20), resize="fit")[:, :, 0]
    assert not fitted[:5].any()
    assert not fitted[15:].any()
    assert fitted[5:15, 10].all()
    padded = pixels(data, channels=1, size=(30, 30), resize="pad")[:, :, 0]
    np.testing.assert_array_equal(padded[10:20, 5:25], wide)


@few
@given(st.binary(max_size=60), st.integers(0, 300), st.sampled_from(["PNG", "JPEG", "BMP", "GIF", "WEBP"]))
def test_what_is_damaged_is_told(noise: bytes, place: int, format: str) -> None:
    """Whatever is written over an image, and wherever it is cut: pixels come, or the one fault that callers know."""
    whole = written(Image.fromarray(RAMP), format)
    for data in (noise, whole[: place % len(whole)], whole[:place] + noise + whole[place + len(noise) :]):
        for step in (lambda data: pixels(data), lambda data: look(io.BytesIO(data))):
            with contextlib.suppress(BadImage):
                step(data)


def test_what_is_cut_short_is_no_image() -> None:
    whole = written(Image.fromarray(np.random.default_rng(1).integers(0, 256, (50, 50, 3)).astype(np.uint8)))
    with pytest.raises(BadImage, match="cut short"):
        pixels(whole[: len(whole) // 2])


def test_a_bomb() -> None:
    """Forty bytes that claim four gigabytes."""
    header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    data = header + zlib.crc32(header[12:]).to_bytes(4, "big") + written(Image.new("RGB", (1, 1)))[33:]
    with pytest.raises(BadImage, match="pixels"):
        pixels(data)


@given(
    resize=st.sampled_from(["stretch", "fit", "pad", "crop"]),
    own=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_a_mask_lies_where_its_image_does(resize: Resize, own: tuple[int, int], size: tuple[int, int]) -> None:
    """Of a picture that is white all over, and of halves, which meet at the same place but for what is blurred."""

    def both(picture: Any) -> tuple[Any, Any]:
        data = written(Image.fromarray(picture))
        image = pixels(data, channels=1, size=size, resize=resize)[..., 0]
        return image, numbers_of(io.BytesIO(data), size=size, resize=resize)

    white = np.full(own, 255, np.uint8)
    image, numbers = both(white)
    shown = image == 255
    assert (shown == (numbers != NOTHING)).all()
    halves = white.copy()
    halves[:, : own[1] // 2] = 1
    image, numbers = both(halves)
    plain = shown & ((image == 1) | (image == 255))
    assert (numbers[plain] == image[plain]).all()
