"""Rows held apart in a source of their own: what they show of those that a model will meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.lint.cells import Cells

__all__ = ["are_later", "are_of_same"]

_MOST = 0.5
"""The part of the rows that must be so."""


def are_of_same(known: Cells, apart: Cells) -> bool:
    """Whether most rows held apart are of persons or things that there are other rows of.

    Args:
        known: Whose the rows are that are learnt from; where these are not all of them, the answer may be a false no.
        apart: Whose the others are.
    """
    if known.is_array or apart.is_array or not len(apart.column):
        return False
    met = np.isin(np.asarray(apart.names), np.asarray(known.names))
    codes = apart.codes[apart.codes >= 0]
    return bool(met[codes].sum() >= _MOST * len(apart.codes)) if len(met) else False


def are_later(known: NDArray[Any], apart: NDArray[Any]) -> bool:
    """Whether most rows held apart come after all others, as those do that are forecast.

    Args:
        known: When the rows were that are learnt from.
        apart: When the others were, in the same unit.
    """
    return bool((apart > known.max()).mean() >= _MOST) if len(known) and len(apart) else True
