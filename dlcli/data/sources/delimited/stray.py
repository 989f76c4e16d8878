"""Lines that are no rows of their table: what says so, and the way out. Imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["comment_mark", "left_out_by", "stray_mark"]

_MARK = re.compile(r"\s*(//|--(?!\d)|[#%|;!@*])")
"""What comments begin with, in one tool or another."""


def comment_mark(row: Sequence[str]) -> str:
    """What a row begins with, if comments begin so; else empty.

    Example:
        >>> comment_mark(["|1x3 Cross validator"]), comment_mark(["--5", "a"])
        ('|', '')
    """
    found = _MARK.match(row[0]) if row else None
    return "" if found is None else found[1]


def stray_mark(rows: Sequence[Sequence[str]]) -> str:
    """What the first row begins with, if it is a comment above rows of another width; else empty."""
    mark = comment_mark(rows[0]) if rows else ""
    widths = {len(row) for row in rows if comment_mark(row) != mark}
    return mark if mark and len(widths) == 1 and len(rows[0]) not in widths else ""


def left_out_by(mark: str) -> str:
    """The way out of rows that begin with a mark."""
    return (
        f"data.comment: '{mark}' leaves out the rows that begin with it (--comment '{mark}' of a file to predict for)"
    )
