"""Films drawn for people: a sheet with a strip of some frames of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.video.loading import picked
from dlcli.data.media.sheet import sheet

__all__ = ["PICTURE"]

FRAMES = 4
"""Of a strip."""


def strips(films: NDArray[np.uint8], texts: Sequence[str]) -> bytes:
    """The PNG file of a sheet.

    Args:
        films: `(count, frames, height, width, channels)`.
        texts: One a film.
    """
    chosen = films[:, picked(films.shape[1], FRAMES, "even")]
    parted = np.pad(chosen, ((0, 0), (0, 0), (0, 0), (0, 1), (0, 0)), constant_values=255)
    count, frames, height, width, channels = parted.shape
    side_by_side = parted.transpose(0, 2, 1, 3, 4).reshape(count, height, frames * width, channels)
    return sheet(side_by_side[:, :, :-1], texts)


PICTURE = strips
