"""Columns of truth values."""

from __future__ import annotations

from dlcli.codecs.boolean.codec import WORDS
from dlcli.codecs.boolean.schema import BooleanFeature
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import FeatureRule, Fit, different

__all__ = ["RULE"]


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """Booleans, and texts that are one word for true and one for false."""
    if column.kind != "boolean" and not (column.kind == "text" and _two_words(column)):
        return None
    return Fit(BooleanFeature(), ("constant",) if column.constant else ())


def _two_words(column: ColumnProfile) -> bool:
    distinct = different(column)
    words = {word.strip().lower() for word in distinct.to_pylist()} if len(distinct) <= len(WORDS) else set()
    return bool(words) and words <= WORDS.keys() and len(words) == len({WORDS[word] for word in words})


RULE = FeatureRule(2, _fit)
