"""Columns of names of images, and arrays of their pixels."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from dlcli.codecs.image.schema import ImageFeature
from dlcli.config.options.feature import Feature
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import MOST, FeatureRule, Fit, different

__all__ = ["RULE"]

SUFFIX = r"(?i)\.(png|jpe?g|bmp|gif|webp)$"

NAMES = {1: "gray", 3: "rgb", 4: "rgba"}

_LEAST = 8
"""Pixels of a side."""

_LOOKED_FOR = 100
"""Names of which one must be a file: that others are missing is then a fault to be told, not another type."""


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """Texts that end as names of images do, all or nearly all, and of which there are files."""
    if column.kind != "text" or column.folder is None or column.distinct is None:
        return None
    names = different(column)
    ends = pc.match_substring_regex(names, SUFFIX)
    if not len(names) or pc.sum(ends).as_py() < MOST * len(names):
        return None
    folder, names = column.folder, names.filter(ends)
    if not any(os.path.isfile(folder / each) for each in names.slice(0, _LOOKED_FOR).to_pylist() if "\0" not in each):
        return None
    details = [f"{len(names):,} files" if len(names) > 1 else "a file"]
    if others := len(ends) - len(names):
        details.append(f"{others:,} others")
    return Fit(ImageFeature(), tuple(details))


def _fit_array(first: NDArray[Any]) -> tuple[Feature, str] | None:
    """Unsigned bytes of two dimensions a row, or of three whose last are channels; small ones may be anything."""
    channels = {3: 1, 4: first.shape[-1]}.get(first.ndim, 0)
    if first.dtype != np.uint8 or channels not in NAMES or min(first.shape[1:3]) < _LEAST:
        return None
    return ImageFeature(), f"image ({first.shape[1]} x {first.shape[2]}, {NAMES[channels]})"


RULE = FeatureRule(0, _fit, _fit_array)
"""Before the texts that images' names are too, and the numbers that pixels are."""
