"""Which columns a feature reads: names and globs, expanded against the columns that there are."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from dlcli.errors import ConfigError, Problem, did_you_mean, first_of

__all__ = ["expand_columns"]

_GLOB = re.compile(r"[*?\[]")


def expand_columns(patterns: Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    """The columns that names and globs stand for, each once.

    Names keep the order in which they are written; the columns of a glob come in the order of the data, so that a
    series `lag_24, ..., lag_1` stays as it is. A name that is a column is that column, even when it looks like a
    glob. Case counts.

    Args:
        patterns: Names, or globs with `*`, `?` and `[...]`.
        available: The columns of the data.

    Raises:
        ConfigError: A name is no column or a glob matches none; one problem for each.

    Example:
        >>> expand_columns(["id", "lag_*"], ["lag_10", "lag_9", "id"])
        ('id', 'lag_10', 'lag_9')
    """
    known = set(available)
    columns: dict[str, None] = {}
    problems: list[Problem] = []
    for pattern in patterns:
        if pattern in known:
            columns[pattern] = None
            continue
        matches = fnmatch.filter(available, pattern) if _GLOB.search(pattern) else []
        columns.update(dict.fromkeys(matches))
        if not matches:
            problems.append(_nothing(pattern, available))
    if problems:
        raise ConfigError(problems)
    return tuple(columns)


def _nothing(pattern: str, available: Sequence[str]) -> Problem:
    listed = first_of(available, 10)
    hint = did_you_mean(pattern, available) or f"the columns are {listed or 'none'}"
    what = "no column matches" if _GLOB.search(pattern) else "there is no column"
    return Problem(f"{what} {pattern!r}", hint=hint, rule="missing-column")
