"""What is said of tokens that are unknown, and of texts that are longer than a sequence.

Counts are those of a split: `(texts, tokens, unknown tokens, texts that are cut)`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dlcli.errors import Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Seen", "lines", "problems"]

UNKNOWN, CUT = 0.2, 0.05
"""Shares up to which nothing is warned of, whatever those of the training rows are."""

TIMES = 2
"""How many times the share of the training rows is warned of."""


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """The counts of the training rows; none of a run of before, and then nothing is warned of."""

    texts: int = 0
    tokens: int = 0
    unknown: int = 0
    cut: int = 0


def lines(
    name: str, totals: Mapping[str, NDArray[np.int64]], *, what: str, length: int | None
) -> list[tuple[str, str]]:
    """A line of unknown tokens for all splits, and one of texts that are cut, where there are any.

    Args:
        name: The feature's name.
        totals: The counts of each split.
        what: What tokens are called.
        length: Of a sequence.
    """
    found = []
    if any(counts[2] for counts in totals.values()):
        listed = (f"{split} {_share(counts[2], counts[1])}" for split, counts in totals.items())
        found.append((f"unknown {what} of {name}", ", ".join(listed)))
    if any(counts[3] for counts in totals.values()):
        listed = (f"{split} {counts[3]:,} of {counts[0]:,}" for split, counts in totals.items())
        found.append((f"texts of {name} cut to {length:,} {what}", ", ".join(listed)))
    return found


def problems(
    counts: NDArray[np.int64], seen: Seen, column: str, where: str, what: str, length: int | None
) -> list[Problem]:
    """Warnings where rows have far more unknown tokens, or texts that are cut, than the training rows.

    Args:
        counts: Of the rows.
        seen: Of the training rows.
        column: The column, in words.
        where: Which rows, in words; empty for all that there are.
        what: What tokens are called.
        length: Of a sequence.
    """
    texts, tokens, unknown, cut = counts.tolist()
    found = []
    if seen.tokens and unknown > tokens * max(UNKNOWN, TIMES * seen.unknown / seen.tokens):
        message = f"{_share(unknown, tokens)} of the {tokens:,} {what} {where}in {column} are unknown, "
        message += f"and {_share(seen.unknown, seen.tokens)} of those that were trained on"
        hint = "see whether they are of the same language, and written and encoded alike"
        found.append(Problem(message, hint=hint, rule="unknown-tokens"))
    if seen.texts and cut > texts * max(CUT, TIMES * seen.cut / seen.texts):
        message = f"{cut:,} of the {texts:,} texts {where}in {column} are longer than {length:,} {what} and are cut, "
        message += f"and {_share(seen.cut, seen.texts)} of those that were trained on"
        found.append(Problem(message, hint="cut such texts into several rows", rule="cut-texts"))
    return found


def _share(part: int, whole: int) -> str:
    return "none" if not part else f"{100 * part / whole:.2g} %" if part < whole else "all"
