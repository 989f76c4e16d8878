"""Which columns a feature reads: names, numbered names and globs, expanded against the columns that there are."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence

from dlcli.errors import ConfigError, Problem, did_you_mean, first_of

__all__ = ["expand_columns", "expand_ranges", "is_named", "numbered_names"]

_GLOB = re.compile(r"[*?\[]")
_RANGE = re.compile(r"\{([0-9]{1,18})\.\.([0-9]{1,18})\}")

MOST = 1_000_000
"""Names that one range may stand for."""


def expand_columns(patterns: Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    """The columns that names and globs stand for, each once.

    Names keep the order in which they are written; the columns of a glob come in the order of the data, so that a
    series `lag_24, ..., lag_1` stays as it is. A name that is a column is that column, even when it looks like a
    glob. Case counts.

    Args:
        patterns: Names, ranges of numbered names such as `t{1..60}`, or globs with `*`, `?` and `[...]`.
        available: The columns of the data.

    Raises:
        ConfigError: A name is no column or a glob matches none; one problem for each.

    Example:
        >>> expand_columns(["id", "lag_*"], ["lag_10", "lag_9", "id"])
        ('id', 'lag_10', 'lag_9')
        >>> expand_columns(["lag_{9..10}"], ["lag_10", "lag_9", "id"])
        ('lag_9', 'lag_10')
    """
    known = set(available)
    columns: dict[str, None] = {}
    problems: list[Problem] = []
    for pattern in patterns:
        if pattern in known:
            columns[pattern] = None
            continue
        numbered = expand_ranges([pattern])
        if len(numbered) > 1 and known.issuperset(numbered):
            columns.update(dict.fromkeys(numbered))
            continue
        matches = fnmatch.filter(available, pattern) if _GLOB.search(pattern) else []
        columns.update(dict.fromkeys(matches))
        if not matches:
            problems.append(_nothing(pattern, available))
    if problems:
        raise ConfigError(problems)
    return tuple(columns)


def is_named(column: str, pattern: str) -> bool:
    """Whether a name, a range or a glob stands for a column.

    Example:
        >>> is_named("t2", "t{1..3}"), is_named("t4", "t{1..3}")
        (True, False)
    """
    if column == pattern or column in expand_ranges([pattern]):
        return True
    return _GLOB.search(pattern) is not None and bool(fnmatch.filter([column], pattern))


def numbered_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names of which none is there twice: `a`, `a` are `a`, `a_2`.

    Example:
        >>> numbered_names(["a", "b", "a", "a_2", "a"])
        ('a', 'b', 'a_3', 'a_2', 'a_4')
    """
    found: list[str] = []
    for name in names:
        free, count = name, 1
        while free in found or (count > 1 and free in names):
            count += 1
            free = f"{name}_{count}"
        found.append(free)
    return tuple(found)


def _nothing(pattern: str, available: Sequence[str]) -> Problem:
    listed = first_of(available, 10)
    hint = did_you_mean(pattern, available) or f"the columns are {listed or 'none'}"
    known = set(available)
    absent = next((name for name in expand_ranges([pattern]) if name not in known), pattern)
    if absent != pattern:
        return Problem(f"there is no column {absent!r}, which {pattern!r} has", hint=hint, rule="missing-column")
    what = "no column matches" if _GLOB.search(pattern) else "there is no column"
    return Problem(f"{what} {pattern!r}", hint=hint, rule="missing-column")


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
