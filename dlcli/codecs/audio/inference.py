"""Columns of names of WAV files."""

from __future__ import annotations

from dlcli.codecs.audio.schema import AudioFeature
from dlcli.data.types.profile import ColumnProfile
from dlcli.data.types.rule import FeatureRule, Fit, names_of_files

__all__ = ["RULE"]


def _fit(column: ColumnProfile, name: str) -> Fit | None:
    """Texts that end as names of WAV files do, all or nearly all, and of which there are files."""
    details = names_of_files(column, r"(?i)\.wave?$")
    return None if details is None else Fit(AudioFeature(), details)


RULE = FeatureRule(0, _fit)
"""Before the texts that names are too."""
