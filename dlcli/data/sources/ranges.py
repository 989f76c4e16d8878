"""Names that are numbered, written as one: `t{1..60}`."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["expand_ranges"]

_RANGE = re.compile(r"\{([0-9]{1,18})\.\.([0-9]{1,18})\}")

MOST = 1_000_000
"""Names that one range may stand for."""


def expand_ranges(names: Iterable[str]) -> tuple[str, ...]:
    """The names with their ranges written out. Leading zeros are kept; a range may count down.

    Example:
        >>> expand_ranges(["y", "t{8..10}", "x{01..02}"])
        ('y', 't8', 't9', 't10', 'x01', 'x02')
    """
    return tuple(name for written in names for name in _expand(written))


def _expand(written: str) -> list[str]:
    found = _RANGE.search(written)
    if found is None:
        return [written]
    first, last = int(found[1]), int(found[2])
    if abs(last - first) >= MOST:
        return [written]
    width = len(found[1]) if found[1].startswith("0") else 0
    step = 1 if last >= first else -1
    before, after = written[: found.start()], _expand(written[found.end() :])
    return [f"{before}{number:0{width}}{rest}" for number in range(first, last + step, step) for rest in after]
