"""Columns of free text, and of names of files of text."""

from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.compute as pc

from dlcli.codecs.text.schema import TextFeature
from dlcli.data.types.doubts import doubts_of
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import MOST, FeatureRule, Fit, different

__all__ = ["RULE"]

WORDS_OF_TEXT = 3
"""Average words from which on texts may be free text."""


SUFFIX = r"(?i)\.(txt|text|md)$"

_LOOKED_FOR = 100
"""Names of which one must be a file: that others are missing is then a fault to be told, not another type."""


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """Texts of several words, more than half of them different from each other; or names of files of text."""
    if column.kind != "text":
        return None
    distinct = different(column)
    if _are_files(column, distinct):
        return Fit(TextFeature(file=True), (f"{len(distinct):,} file{'s' * (len(distinct) != 1)}",))
    spaces = pc.mean(pc.count_substring_regex(pc.utf8_trim_whitespace(distinct), r"\s+")).as_py()
    if spaces + 1 < WORDS_OF_TEXT or len(distinct) <= max(2, column.present / 2):
        return None
    return Fit(TextFeature(), doubts=doubts_of(column, ("data", "features", name), prose=True))


def _are_files(column: ColumnProfile, names: pa.Array) -> bool:
    """Whether all names, or nearly all, end as those of files of text do, and there are such files."""
    if column.folder is None or not len(names):
        return False
    ends = pc.match_substring_regex(names, SUFFIX)
    folder, first = column.folder, names.filter(ends).slice(0, _LOOKED_FOR).to_pylist()
    enough = pc.sum(ends).as_py() >= MOST * len(names)
    return enough and any(os.path.isfile(folder / each) for each in first if "\0" not in each)


RULE = FeatureRule(4, _fit)
