"""Columns of names of folders of pictures, and arrays of their pixels."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.video.films import PICTURE
from dlcli.codecs.video.schema import VideoFeature
from dlcli.config.options.feature import Feature
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import FeatureRule, Fit, different

__all__ = ["RULE"]

_LOOKED_FOR = 20
"""Names that must all be folders of pictures."""

_LEAST = 8
"""Pixels of a side."""


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """Texts that are names of folders, each with a picture in it."""
    if column.kind != "text" or column.folder is None or column.distinct is None:
        return None
    names = different(column)
    first = names.slice(0, _LOOKED_FOR).to_pylist()
    if not first or not all(_is_film(column.folder, each) for each in first):
        return None
    return Fit(VideoFeature(), (f"{len(names):,} folders" if len(names) > 1 else "a folder",))


def _is_film(folder: Path, name: str) -> bool:
    if not name or "\0" in name:
        return False
    with contextlib.suppress(OSError), os.scandir(folder / name) as entries:
        return any(PICTURE.search(entry.name) for entry in entries)
    return False


def _fit_array(first: NDArray[Any]) -> tuple[Feature, str] | None:
    """Unsigned bytes of four dimensions a row, the last of which are channels."""
    if first.dtype != np.uint8 or first.ndim != 5 or first.shape[-1] not in (1, 3, 4) or min(first.shape[2:4]) < _LEAST:
        return None
    return VideoFeature(), f"video ({first.shape[1]} frames of {first.shape[2]} x {first.shape[3]})"


RULE = FeatureRule(0, _fit, _fit_array)
"""Before the texts that names are too, and the numbers that pixels are."""
