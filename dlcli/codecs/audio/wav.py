"""WAV files: whole numbers of 8 to 32 bits and floats of 32 and 64, of any number of channels, read from any place on.

A file is chunks, each with a name of four letters and a size. `fmt ` says how samples are written, `data` holds them,
channel after channel for each point in time; all others are passed over.
"""

from __future__ import annotations

import dataclasses
import os
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BadAudio", "Sound", "look", "read"]

_PCM, _FLOAT, _EXTENSIBLE = 0x0001, 0x0003, 0xFFFE
_NAMES = {0x0002: "ADPCM", 0x0006: "A-law", 0x0007: "mu-law", 0x0011: "ADPCM", 0x0031: "GSM 6.10", 0x0055: "MP3"}
_TAIL = bytes.fromhex("000000001000800000aa00389b71")
"""What follows the number of the format in the extensible form, for the formats that have one."""

_UNKNOWN_SIZE = 0xFFFFFFFF
"""What a program writes that does not know yet how long its recording will be: the data goes on to the file's end."""

_MOST_CHANNELS = 64
_MOST_CHUNKS = 1000


class BadAudio(Exception):
    """Bytes that are no sound that is read here; the message says why, without a name of a file."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sound:
    """What the head of a file tells.

    Args:
        rate: Samples a second, of each channel.
        channels: How many.
        length: Samples of each channel.
        floats: Samples are floats, not whole numbers.
        width: Bytes of a sample.
        start: Where in the file the first one is.
    """

    rate: int
    channels: int
    length: int
    floats: bool
    width: int
    start: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.length / self.rate


def look(stream: IO[bytes]) -> Sound:
    """What there is to know of a sound without reading its samples.

    Raises:
        BadAudio: It is none, it is cut short, or its samples are compressed.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise BadAudio("it is no WAV file")
    form: tuple[int, int, bool, int] | None = None
    for _ in range(_MOST_CHUNKS):
        name, length = _chunk(stream)
        place = stream.tell()
        if name == b"fmt ":
            form = _form(stream.read(min(length, 64)))
        elif name == b"data":
            if form is None:
                raise BadAudio("it is damaged: its samples come before it says how they are written")
            return _sound(form, place, length, size)
        # A chunk of an odd size is followed by a byte that does not count.
        stream.seek(place + length + length % 2)
    raise BadAudio("it is damaged: it has no samples within its first thousand parts")


def read(stream: IO[bytes], sound: Sound, start: int, stop: int) -> NDArray[np.float64]:
    """Samples as numbers, whole numbers as parts of the loudest: -1 to 1.

    Args:
        stream: The file.
        sound: What `look` told of it.
        start: The first sample of each channel.
        stop: The one after the last.

    Returns:
        `(stop - start, channels)`.

    Raises:
        BadAudio: The file has become shorter, or holds floats that are no numbers.
    """
    frame = sound.width * sound.channels
    stream.seek(sound.start + start * frame)
    data = stream.read((stop - start) * frame)
    if len(data) != (stop - start) * frame:
        raise BadAudio("it is damaged or cut short")
    numbers = _numbers(data, sound).reshape(stop - start, sound.channels)
    if sound.floats and not np.isfinite(numbers).all():
        raise BadAudio("it is damaged: samples of it are no numbers (NaN) or infinite")
    return numbers


def _chunk(stream: IO[bytes]) -> tuple[bytes, int]:
    head = stream.read(8)
    if len(head) < 8:
        raise BadAudio("it is damaged or cut short: it has no samples")
    return head[:4], struct.unpack("<I", head[4:])[0]


def _form(chunk: bytes) -> tuple[int, int, bool, int]:
    """The rate, the channels, whether samples are floats, and the bytes of one."""
    if len(chunk) < 16:
        raise BadAudio("it is damaged or cut short: it does not say how its samples are written")
    kind, channels, rate, _, frame, bits = struct.unpack("<HHIIHH", chunk[:16])
    if kind == _EXTENSIBLE and len(chunk) >= 40 and chunk[26:40] == _TAIL:
        (kind,) = struct.unpack("<H", chunk[24:26])
    if kind not in (_PCM, _FLOAT):
        name = _NAMES.get(kind, f"format {kind:#06x}")
        raise BadAudio(f"its samples are compressed or of another kind ({name}), not PCM or floats")
    # Samples of 12 or 20 bits fill the upper bits of the next whole bytes.
    width = -(-bits // 8)
    if not (1 <= channels <= _MOST_CHANNELS and rate and frame == width * channels):
        raise BadAudio(f"it is damaged: it claims {channels} channels, {rate} Hz and {bits} bits in {frame} bytes")
    if width not in ((4, 8) if kind == _FLOAT else (1, 2, 3, 4)):
        raise BadAudio(f"its samples have {bits} bits, not 8, 16, 24 or 32, or 32 or 64 of floats")
    return rate, channels, kind == _FLOAT, width


def _sound(form: tuple[int, int, bool, int], start: int, length: int, size: int) -> Sound:
    rate, channels, floats, width = form
    there = size - start
    if length == _UNKNOWN_SIZE:
        length = there
    elif length > there:
        raise BadAudio(f"it is cut short: it announces {length:,} bytes of samples, and {there:,} are there")
    return Sound(rate, channels, length // (width * channels), floats, width, start)


def _numbers(data: bytes, sound: Sound) -> NDArray[np.float64]:
    if sound.floats:
        return np.frombuffer(data, f"<f{sound.width}").astype(np.float64)
    if sound.width == 1:  # the only width without a sign
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) / 128
    if sound.width == 3:
        wide: NDArray[Any] = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return wide.view("<i4")[:, 0].astype(np.float64) / 2**31
    whole: NDArray[Any] = np.frombuffer(data, f"<i{sound.width}")
    parts: NDArray[np.float64] = whole.astype(np.float64) / 2 ** (8 * sound.width - 1)
    return parts
