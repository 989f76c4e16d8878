"""How often each token occurs, counted in memory that the number of different tokens does not decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST", "TokenCounts"]

MOST = 1_000_000
"""Different tokens that are counted at a time: some 150 MB."""


class TokenCounts:
    """Counts tokens, and lets go of rare ones where they become too many.

    A token that was let go of and comes again is counted anew. So a count may be short, by no more than `short`
    (lossy counting, Manku and Motwani 2002), and is exact when that is 0.

    Args:
        most: Different tokens to keep at most.

    Example:
        >>> counts = TokenCounts()
        >>> counts.add(["a", "b"], np.array([3, 1]), np.array([2, 1]))
        >>> counts.most_frequent(1)
        [('a', 3, 2)]
    """

    def __init__(self, most: int = MOST) -> None:
        self.total = 0
        self.short = 0
        self.different = 0
        """How many different tokens there are; those that were let go of may be among them more than once."""
        self._most = most
        self._counts: dict[str, int] = {}
        self._texts: dict[str, int] = {}

    def __bool__(self) -> bool:
        return self.total > 0

    def add(self, names: Sequence[str], counts: NDArray[np.int64], texts: NDArray[np.int64]) -> None:
        """Take in the tokens of some texts.

        Args:
            names: Different tokens.
            counts: How often each occurs, `(names,)`; 0 for one that does not.
            texts: In how many texts.
        """
        self.total += int(counts.sum())
        known, known_texts = self._counts, self._texts
        before = len(known)
        for name, count, of_texts in zip(names, counts.tolist(), texts.tolist(), strict=True):
            if count:
                known[name] = known.get(name, 0) + count
                known_texts[name] = known_texts.get(name, 0) + of_texts
        self.different += len(known) - before
        if len(known) > self._most:
            self._let_go()

    def most_frequent(
        self, most: int, *, least: int = 1, usable: Callable[[str], bool] = lambda name: True
    ) -> list[tuple[str, int, int]]:
        """Tokens with how often and in how many texts they occur, by frequency and, among equals, backwards by text.

        Args:
            most: How many at most.
            least: How often a token must occur.
            usable: Whether a token can be one of them.
        """
        found = [name for name, count in self._counts.items() if count >= least and usable(name)]
        found.sort(key=lambda name: (self._counts[name], name), reverse=True)
        return [(name, self._counts[name], self._texts[name]) for name in found[:most]]

    def _let_go(self) -> None:
        """Keep the more frequent half, or more where many are equally frequent."""
        counts = np.fromiter(self._counts.values(), np.int64, len(self._counts))
        bound = int(np.partition(counts, len(counts) // 2)[len(counts) // 2])
        self.short += bound
        self._counts = {name: count for name, count in self._counts.items() if count > bound}
        self._texts = {name: self._texts[name] for name in self._counts}
