"""Columns of names of images, and arrays of their pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.image.schema import ImageFeature
from dlcli.config.options.feature import Feature
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import FeatureRule, Fit, names_of_files

__all__ = ["RULE"]

SUFFIX = r"(?i)\.(png|jpe?g|bmp|gif|webp)$"

NAMES = {1: "gray", 3: "rgb", 4: "rgba"}

_LEAST = 8
"""Pixels of a side."""


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """Texts that end as names of images do, all or nearly all, and of which there are files."""
    details = names_of_files(column, SUFFIX)
    return None if details is None else Fit(ImageFeature(), details)


def _fit_array(first: NDArray[Any]) -> tuple[Feature, str] | None:
    """Unsigned bytes of two dimensions a row, or of three whose last are channels; small ones may be anything."""
    channels = {3: 1, 4: first.shape[-1]}.get(first.ndim, 0)
    if first.dtype != np.uint8 or channels not in NAMES or min(first.shape[1:3]) < _LEAST:
        return None
    return ImageFeature(), f"image ({first.shape[1]} x {first.shape[2]}, {NAMES[channels]})"


RULE = FeatureRule(0, _fit, _fit_array)
"""Before the texts that images' names are too, and the numbers that pixels are."""
