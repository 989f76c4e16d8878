"""Columns of free text, and of names of files of text."""

from __future__ import annotations

import pyarrow.compute as pc

from dlcli.codecs.text.schema import TextFeature
from dlcli.data.types.doubts import doubts_of
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import FeatureRule, Fit, different, names_of_files

__all__ = ["RULE"]

WORDS_OF_TEXT = 3
"""Average words from which on texts may be free text."""


SUFFIX = r"(?i)\.(txt|text|md)$"


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """Texts of several words, more than half of them different from each other; or names of files of text."""
    if column.kind != "text":
        return None
    distinct = different(column)
    if (files := names_of_files(column, SUFFIX)) is not None:
        return Fit(TextFeature(file=True), files)
    spaces = pc.mean(pc.count_substring_regex(pc.utf8_trim_whitespace(distinct), r"\s+")).as_py()
    if spaces + 1 < WORDS_OF_TEXT or len(distinct) <= max(2, column.present / 2):
        return None
    return Fit(TextFeature(), doubts=doubts_of(column, ("data", "features", name), prose=True))


RULE = FeatureRule(4, _fit)
