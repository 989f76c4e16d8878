"""A last row that is none: the sum of all others, as tables that are made for people end with."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from dlcli.data.lint.twins import rounded_to

__all__ = ["is_total", "names_total"]

_FEWEST = 6
"""Rows from which on a last one that is the sum of the others is so by no chance."""

_LARGER = 1.5
"""How many times the greatest of them their sum must be."""

_WORDS = frozenset(
    [
        "total",
        "totals",
        "sum",
        "sums",
        "summe",
        "summen",
        "gesamt",
        "gesamtsumme",
        "insgesamt",
        "subtotal",
        "average",
        "mean",
        "durchschnitt",
        "mittelwert",
        "totale",
        "somme",
        "suma",
        "totaal",
    ]
)


def names_total(text: str) -> bool:
    """Whether a cell says that its row is of all others.

    Example:
        >>> names_total("Grand total:"), names_total("Total Wine & More")
        (True, False)
    """
    words = text.casefold().strip(" :.-=").split()
    return 0 < len(words) <= 2 and words[-1] in _WORDS


def is_total(chunks: Iterable[NDArray[np.float64]]) -> bool:
    """Whether the last number of a column is the sum of all others, but for what rounding leaves.

    Args:
        chunks: The column, NaN where there is none.
    """
    whole = largest = step = 0.0
    count, last = 0, np.nan
    for numbers in chunks:
        known = numbers[np.isfinite(numbers)]
        before = np.append(last, known)[:-1] if len(numbers) else known[:0]
        before = before[np.isfinite(before)]
        whole, count = whole + float(before.sum()), count + int((before != 0).sum())
        largest = max(largest, float(np.abs(before).max(initial=0.0)))
        step = max(step, rounded_to(known[:1000])) if len(known) else step
        last = float(numbers[-1]) if len(numbers) else last
    slack = 1e-9 * abs(whole) + step * np.sqrt(count)
    return count >= _FEWEST and abs(whole) > _LARGER * largest and bool(abs(last - whole) <= slack)
