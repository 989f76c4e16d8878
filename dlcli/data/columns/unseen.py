"""Values that are none of a feature's categories: how many there were, and a few of them, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

__all__ = ["UnseenValues"]

KEPT = 100
"""Different values that are kept; all cells are counted."""


class UnseenValues:
    """Counts cells that hold no category, and remembers the first different values among them.

    Example:
        >>> unseen = UnseenValues()
        >>> unseen.add({"Mars": 2, "Venus": 1})
        >>> str(unseen)
        "'Mars' (2 times), 'Venus'"
    """

    def __init__(self) -> None:
        self.cells = 0
        self._seen: Counter[str] = Counter()
        self._more = False  # values that are not kept

    def __bool__(self) -> bool:
        return self.cells > 0

    def __str__(self) -> str:
        """The most frequent of those that are kept."""
        most = self._seen.most_common(3)
        listed = ", ".join(f"{_short(name)} ({count:,} times)" if count > 1 else _short(name) for name, count in most)
        others = len(self._seen) - len(most)
        return listed + (f" and {'more than ' * self._more}{others} others" if others else "")

    def add(self, counts: Mapping[str, int]) -> None:
        """Take in the values of some rows.

        Args:
            counts: How often each occurs.
        """
        self.cells += sum(counts.values())
        for name, count in counts.items():
            if name in self._seen or len(self._seen) < KEPT:
                self._seen[name] += count
            else:
                self._more = True


def _short(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:57] + "...")
