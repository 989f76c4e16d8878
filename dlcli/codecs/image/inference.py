"""Columns of names of images."""

from __future__ import annotations

import os

import pyarrow.compute as pc

from dlcli.codecs.image.schema import ImageFeature
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import FeatureRule, Fit, different

__all__ = ["RULE"]

SUFFIX = r"(?i)\.(png|jpe?g|bmp|gif|webp)$"

_LOOKED_FOR = 100
"""Names of which one must be a file: that others are missing is then a fault to be told, not another type."""


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """Texts that all end as names of images do, and of which there are files."""
    if column.kind != "text" or column.folder is None:
        return None
    names = different(column)
    if not len(names) or not pc.all(pc.match_substring_regex(names, SUFFIX)).as_py():
        return None
    folder = column.folder
    if not any(os.path.isfile(folder / each) for each in names.slice(0, _LOOKED_FOR).to_pylist() if "\0" not in each):
        return None
    return Fit(ImageFeature(), (f"files of {len(names):,} names" if len(names) > 1 else "a file",))


RULE = FeatureRule(1, _fit)
"""Before the texts that images' names are too."""
