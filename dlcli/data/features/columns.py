"""Which columns a feature reads: names and globs, expanded against the columns that there are."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from dlcli.errors import ConfigError, Problem, did_you_mean

__all__ = ["expand_columns", "natural_key"]

_DIGITS = re.compile(r"([0-9]+)")
_GLOB = re.compile(r"[*?\[]")


def expand_columns(patterns: Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    """The columns that names and globs stand for, each once.

    Names keep the order in which they are written; the columns of a glob come in natural order, so that
    `px2` stands before `px10`. A name that is a column is that column, even when it looks like a glob.
    Case counts.

    Args:
        patterns: Names, or globs with `*`, `?` and `[...]`.
        available: The columns of the data.

    Raises:
        ConfigError: A name is no column or a glob matches none; one problem for each.

    Example:
        >>> expand_columns(["id", "px*"], ["px10", "px2", "id"])
        ('id', 'px2', 'px10')
    """
    known = set(available)
    columns: dict[str, None] = {}
    problems: list[Problem] = []
    for pattern in patterns:
        if pattern in known:
            columns[pattern] = None
            continue
        matches = fnmatch.filter(available, pattern) if _GLOB.search(pattern) else []
        columns.update(dict.fromkeys(sorted(matches, key=natural_key)))
        if not matches:
            problems.append(_nothing(pattern, available))
    if problems:
        raise ConfigError(problems)
    return tuple(columns)


def natural_key(name: str) -> tuple[tuple[str | int, ...], str]:
    """A sort key that compares runs of digits as numbers.

    Example:
        >>> sorted(["b10", "b9", "a"], key=natural_key)
        ['a', 'b9', 'b10']
    """
    # Odd places of the split are always digits, so that numbers are only ever compared with numbers.
    parts = tuple(int(part) if place % 2 else part for place, part in enumerate(_DIGITS.split(name)))
    return parts, name


def _nothing(pattern: str, available: Sequence[str]) -> Problem:
    listed = ", ".join(available[:10]) + (f" and {len(available) - 10} more" if len(available) > 10 else "")
    hint = did_you_mean(pattern, available) or f"the columns are {listed or 'none'}"
    what = "no column matches" if _GLOB.search(pattern) else "there is no column"
    return Problem(f"{what} {pattern!r}", hint=hint, rule="missing-column")
