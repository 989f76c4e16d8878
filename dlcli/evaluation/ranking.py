"""The area under the ROC curve of scores that come in parts, in bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_KEYS", "Ranking"]

MOST_KEYS = 1 << 20
"""Different scores that are kept; of more than these the nearest are taken together."""

Keys = NDArray[np.uint32]
Counts = NDArray[np.int64]


class Ranking:
    """Counts how often each score was given to a row of the class, and to a row of another.

    The area is the probability that a row of the class has a higher score than a row of another; equal scores count a
    half. It is exact up to `MOST_KEYS` different scores; beyond, scores lose last bits of their float32.

    Args:
        most_keys: Different scores that are kept.

    Example:
        >>> ranking = Ranking()
        >>> ranking.add(np.array([0.9, 0.6, 0.3, 0.6]), np.array([True, True, False, False]))
        >>> ranking.area()
        0.875
    """

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._most_keys = most_keys
        self._shift = 0
        self._keys: Keys = np.empty(0, np.uint32)
        self._counts: Counts = np.empty((0, 2), np.int64)
        self._waiting: list[tuple[Keys, NDArray[np.bool_]]] = []
        self._num_waiting = 0
        self._is_whole = True

    def add(self, scores: NDArray[np.floating], is_class: NDArray[np.bool_]) -> None:
        """Take in some rows, both `(rows,)`."""
        self._is_whole = self._is_whole and not np.isnan(scores).any()
        self._waiting.append((_in_order(scores), np.asarray(is_class, bool)))
        self._num_waiting += len(scores)
        if self._num_waiting > self._most_keys:
            self._count()

    def area(self) -> float | None:
        """The area, from 0 to 1; None without a row of the class or of another, or when a score is not a number."""
        self._count()
        others, own = self._counts.T
        pairs = int(own.sum()) * int(others.sum())
        if not pairs or not self._is_whole:
            return None
        below = np.cumsum(others) - others
        return float((own * (below + others / 2)).sum() / pairs)

    def _count(self) -> None:
        """Sort what waits into the counts, and take scores together while there are too many."""
        keys = np.concatenate([self._keys, *(part >> self._shift for part, _ in self._waiting)])
        counts = np.concatenate([self._counts, *(np.stack([~own, own], axis=1) for _, own in self._waiting)])
        self._waiting, self._num_waiting = [], 0
        self._keys, self._counts = _together(keys, counts)
        while len(self._keys) > self._most_keys:
            self._shift += 1
            self._keys, self._counts = _together(np.right_shift(self._keys, 1, dtype=np.uint32), self._counts)


def _together(keys: Keys, counts: Counts) -> tuple[Keys, Counts]:
    """Each key once, in order, with the sums of its counts."""
    unique, places = np.unique(keys, return_inverse=True)
    sums = np.stack([np.bincount(places, weights=part, minlength=len(unique)) for part in counts.T], axis=1)
    return unique, sums.astype(np.int64)


def _in_order(scores: NDArray[np.floating]) -> Keys:
    """Whole numbers that are ordered as the scores are, in float32."""
    bits = (np.asarray(scores, np.float32) + np.float32(0)).view(np.uint32)  # -0 becomes 0
    negative = (bits >> 31).astype(bool)
    return np.asarray(np.where(negative, ~bits, bits | np.uint32(1 << 31)))
