"""Two features that give the target away together: it is their sum or difference, their product or their ratio.

Tried for all pairs at once on some of the rows; what is found is held to all of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from dlcli.data.lint.cells import Cells
from dlcli.data.lint.twins import rounded_to

__all__ = ["Pair", "pairs"]

_FEWEST = 30
"""Rows from which on such a test says anything."""

_LEVELS = 10
"""Different numbers that the target must have: of fewer it is near enough to many sums."""

_MOST_COLUMNS = 100
"""Columns of which all pairs are tried: those that go with the target the most."""

_ROWS = 200
"""Rows that they are tried on."""

_GAPS = 0.05
"""The part of its cells that a column may lack."""

_LIKELY = 0.98
"""The part of the target's variance that a pair explains which is looked at more closely."""

_MOST_TRIED = 200
"""Of such pairs, the best first."""

_APART = 1e-9
"""How far from 1 the squared correlation of two columns must be for them to be two."""

_HALF = 0.65
"""Of what the target is rounded to: as far as it may be from what it is, and a little more for the fit."""

_EXACT = 1e-6
"""The same of a target with many decimals, as a part of its deviation."""

_PART = 0.01
"""What each of two must add to the target, beside the other, for it to be of both."""

Numbers = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two features that make the target.

    Args:
        first: One.
        second: The other.
        how: What the target is of them, in words.
    """

    first: str
    second: str
    how: str


def pairs(columns: Mapping[str, Cells], target: Cells) -> list[Pair]:
    """The pairs of features that give a target of numbers away; none that has a feature of one before it.

    Args:
        columns: The features, without those that give it away by themselves.
        target: The target, of the same rows.
    """
    wanted = None if target.is_array else target.numbers
    if wanted is None:
        return []
    table = _table(columns, wanted)
    if table is None:
        return []
    found: list[Pair] = []
    for pair in _found(table):
        if not {pair.first, pair.second} & {name for each in found for name in (each.first, each.second)}:
            found.append(pair)
    return found


@dataclasses.dataclass(frozen=True)
class _Table:
    """Columns of numbers without gaps, `(columns, rows)`, and the target, `(rows,)`."""

    names: list[str]
    values: Numbers
    wanted: Numbers

    def some(self) -> _Table:
        """Some of the rows."""
        step = max(len(self.wanted) // _ROWS, 1)
        return _Table(self.names, self.values[:, ::step], self.wanted[::step])


def _table(columns: Mapping[str, Cells], wanted: Numbers) -> _Table | None:
    """The columns that may be part of a pair; None where there are none, or too few rows."""
    known = np.isfinite(wanted)
    told: dict[str, Numbers] = {}
    for name, cells in columns.items():
        numbers = None if cells.is_array else cells.numbers
        if numbers is not None and len(cells.different) > 1:
            lacking = ~np.isfinite(numbers[known])
            if len(lacking) and lacking.mean() <= _GAPS:
                told[name] = numbers
    if len(told) < 2:
        return None
    values = np.array(list(told.values()))
    rows = known & np.isfinite(values).all(axis=0)
    values, wanted = values[:, rows], wanted[rows]
    if len(wanted) < _FEWEST or len(np.unique(wanted)) < _LEVELS:
        return None
    names = list(told)
    if len(names) > _MOST_COLUMNS:
        best = np.sort(np.argsort(-np.abs(_standard(values) @ _standard(wanted)), kind="stable")[:_MOST_COLUMNS])
        names, values = [names[place] for place in best], values[best]
    return _Table(names, values, wanted)


def _standard(values: Numbers) -> Numbers:
    """Along the last axis, around the mean and of length 1; zeros where there is one value, or one too large."""
    with np.errstate(all="ignore"):
        around = values - values.mean(axis=-1, keepdims=True)
        around = around / np.abs(around).max(axis=-1, keepdims=True)
        found: Numbers = around / np.linalg.norm(around, axis=-1, keepdims=True)
    return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)


def _found(table: _Table) -> Iterator[Pair]:
    some = table.some()
    tried: list[tuple[float, int, int, str]] = []
    for sign, explained in (("+", _sums(some)), ("*", _of(some, np.multiply)), ("/", _of(some, np.divide))):
        firsts, seconds = np.nonzero(explained >= _LIKELY)
        tried += [
            (-float(explained[first, second]), int(first), int(second), sign)
            for first, second in zip(firsts, seconds, strict=True)
        ]
    for _, first, second, sign in sorted(tried)[:_MOST_TRIED]:
        if how := _how(table, first, second, sign):
            yield Pair(table.names[first], table.names[second], how)


def _sums(table: _Table) -> Numbers:
    """The part of the target's variance that two columns explain, each times a number, `(columns, columns)`."""
    columns, wanted = _standard(table.values), _standard(table.wanted)
    with_target, among = columns @ wanted, columns @ columns.T
    apart = 1 - among**2
    own = with_target**2
    with np.errstate(all="ignore"):
        explained = (own[:, None] + own[None, :] - 2 * np.outer(with_target, with_target) * among) / apart
    return np.triu(np.where(apart > _APART, explained, 0.0), 1)


def _of(table: _Table, operation: Callable[[Numbers, Numbers], Numbers]) -> Numbers:
    """The same of what an operation makes of two columns."""
    wanted = _standard(table.wanted)
    explained = np.zeros((len(table.names), len(table.names)))
    with np.errstate(all="ignore"):
        for place, column in enumerate(table.values):
            explained[place] = (_standard(operation(column, table.values)) @ wanted) ** 2
    np.fill_diagonal(explained, 0.0)
    return np.triu(explained) if operation is np.multiply else explained


def _how(table: _Table, first: int, second: int, sign: str) -> str:
    """What the target is of two columns, in every row; empty where it is not."""
    one, other, wanted = table.values[first], table.values[second], table.wanted
    with np.errstate(all="ignore"):
        terms = [one, other] if sign == "+" else [one * other] if sign == "*" else [one / other]
    if not np.isfinite(terms).all():
        return ""
    weights = _weights(terms, wanted)
    if weights is None:
        return ""
    names = f"{table.names[first]!r}", f"{table.names[second]!r}"
    plain = np.allclose(np.abs(weights), 1, rtol=1e-4)
    if sign != "+":
        return f"{names[0]} {sign} {names[1]}{'' if plain and weights[0] > 0 else ', but for a constant'}"
    if not plain or (weights < 0).all():
        return f"a sum of {names[0]} and {names[1]}, each times a constant"
    if weights[0] < 0:
        return f"{names[1]} - {names[0]}"
    return f"{names[0]} {'+' if weights[1] > 0 else '-'} {names[1]}"


def _weights(terms: list[Numbers], wanted: Numbers) -> Numbers | None:
    """By what each is multiplied to make the target, but for a constant, in every row; None where they do not."""
    centres, scales = np.mean(terms, axis=1), np.std(terms, axis=1)
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        return None
    design = np.column_stack([*((np.array(terms) - centres[:, None]) / scales[:, None]), np.ones(len(wanted))])
    solved = np.linalg.lstsq(design, wanted, rcond=None)[0]
    slack = max(_HALF * rounded_to(wanted), _EXACT * float(wanted.std()))
    parts = np.abs(solved[:-1])
    if np.abs(design @ solved - wanted).max() > slack or slack > wanted.std() / 3 or parts.min() < _PART * parts.max():
        return None
    return np.asarray(solved[:-1] / scales)
