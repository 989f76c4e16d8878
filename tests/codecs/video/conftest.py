"""Films of a bright bar that wanders to one side, as folders of pictures, as files that move, and as an array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


def film(side: str, frames: int = 5, start: int = 0) -> Any:
    """`(frames, 8, 10, 1)` uint8."""
    pixels = np.full((frames, 8, 10, 1), 20, np.uint8)
    for time in range(frames):
        pixels[time, :, (start + (time if side == "right" else -time)) % 10] = 220
    return pixels


def write_frames(place: Path, pixels: Any, *, suffix: str = "png", first: int = 8) -> Path:
    """A folder of pictures `frame8.png`, `frame9.png`, `frame10.png`, ...: by their letters the tenth comes first."""
    place.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(pixels, start=first):
        Image.fromarray(frame[:, :, 0] if frame.shape[2] == 1 else frame).save(place / f"frame{number}.{suffix}")
    return place


def write_films(place: Path, rows: int = 32, frames: int = 5) -> Path:
    """A folder of folders of pictures, in one for each side."""
    for number in range(rows):
        side = ("left", "right")[number % 2]
        write_frames(place / side / f"{number}", film(side, frames, number // 2))
    return place


@pytest.fixture(scope="session")
def make_film() -> Any:
    """`film`."""
    return film


@pytest.fixture(scope="session")
def frames_in() -> Any:
    """`write_frames`."""
    return write_frames


@pytest.fixture(scope="session")
def films_in() -> Any:
    """`write_films`."""
    return write_films


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Thirty-two films of five frames."""
    return write_films(tmp_path / "films")
