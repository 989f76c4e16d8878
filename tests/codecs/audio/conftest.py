"""WAV files of every kind, made of numbers from -1 to 1."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def wav_bytes(
    samples: Any, rate: int = 8000, *, kind: str = "i16", extensible: bool = False, extra: bytes = b"", size: Any = None
) -> bytes:
    """A WAV file.

    Args:
        samples: `(samples,)` or `(samples, channels)`.
        rate: Samples a second.
        kind: `u8`, `i16`, `i24`, `i32`, `f32` or `f64`.
        extensible: In the form that names its format by sixteen bytes.
        extra: Chunks before that of the format.
        size: What the data says of its size; the truth when None.
    """
    array = np.asarray(samples, float)
    array = array[:, None] if array.ndim == 1 else array
    bits, floats = int(kind[1:]), kind[0] == "f"
    if floats:
        data = array.astype(f"<f{bits // 8}").tobytes()
    elif kind == "u8":
        data = np.clip(np.round(array * 128) + 128, 0, 255).astype(np.uint8).tobytes()
    else:
        whole = np.clip(np.round(array * 2 ** (bits - 1)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        data = whole.astype("<i4" if bits > 16 else "<i2").tobytes()
        if bits == 24:
            data = np.frombuffer(data, np.uint8).reshape(-1, 4)[:, :3].tobytes()
    channels, width = array.shape[1], bits // 8
    code = 3 if floats else 1
    form = struct.pack(
        "<HHIIHH", 0xFFFE if extensible else code, channels, rate, rate * channels * width, channels * width, bits
    )
    if extensible:
        form += struct.pack("<HHIH", 22, bits, 0, code) + bytes.fromhex("000000001000800000aa00389b71")
    chunks = extra + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data) if size is None else size) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def tone(frequency: float, seconds: float = 0.1, rate: int = 8000, level: float = 0.5) -> Any:
    """A sine, `(samples,)`."""
    return level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


@pytest.fixture(scope="session")
def wav() -> Any:
    """`wav_bytes`."""
    return wav_bytes


@pytest.fixture(scope="session")
def sine() -> Any:
    """`tone`."""
    return tone


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    """Forty tones in noise, high and low, in a folder for each; all of 0.1 s and 8,000 Hz."""
    return write_tones(tmp_path / "tones")


def write_tones(place: Path, rows: int = 40) -> Path:
    """See `tones`."""
    random = np.random.default_rng(1)
    for number in range(rows):
        name, frequency = ("low", 400) if number % 2 else ("high", 1500)
        samples = tone(frequency * random.uniform(0.9, 1.1)) + random.normal(0, 0.1, 800)
        (place / name).mkdir(parents=True, exist_ok=True)
        (place / name / f"{number}.wav").write_bytes(wav_bytes(samples))
    return place


@pytest.fixture(scope="session")
def tone_folder() -> Any:
    """`write_tones`."""
    return write_tones
