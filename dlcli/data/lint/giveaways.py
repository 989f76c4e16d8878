"""Features that give the target away by themselves: the same in other words, or what is filled in after the fact.

Tried on the rows that were looked at, in a moment: by the groups of a column's values, and by pieces of their order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dlcli.data.lint.cells import Cells
from dlcli.data.lint.entities import is_time_name

__all__ = ["gives_away"]

_FEWEST = 30
"""Rows from which on such a test says anything."""

_FEWEST_OTHERS = 10
"""Rows of other classes than the most frequent one from which on telling them apart is no chance."""

_TOLD = 0.98
"""The part of these that a column gets right by itself where it gives the target away. Of all rows it says nothing:
where one in a thousand is a fraud, whatever a column holds is right about the others."""

_TOLD_BY_GAPS = 0.95
"""The same of its empty cells: that a cell is empty hardly tells so much, unless it was filled in after the fact."""

_ROWS_A_TELLING_VALUE = 5
"""Rows of other classes on average that each value must have that stands for one of them."""

_LEVELS = 10
"""Different numbers from which on it is no chance that two columns rise together."""

_FIRST_ROWS = 200
"""Rows that tell of most columns that they do not rise together."""

_ROWS_A_PIECE = 15
"""Rows on average that a value, or a piece between two thresholds, must have: else it is learnt by heart."""

_ROWS_A_SLIP = 500
"""Rows among which one may be on the wrong side of a threshold."""

_EXPLAINED = 1 - 1e-7
"""The part of a number's variance that a column explains where it is that number in another unit."""


def gives_away(cells: Cells, target: Cells, *, classes: bool) -> str:
    """How a column gives the target away, in words; empty where it does not.

    Args:
        cells: The column.
        target: The target, of the same rows.
        classes: Whether the target is of classes; else it is a number.
    """
    if cells.is_array or target.is_array:
        return ""
    if classes:
        return _classes(cells, target)
    return _number(cells, target)


def _classes(cells: Cells, target: Cells) -> str:
    codes, classes = cells.codes, target.codes
    known = classes >= 0
    codes, classes = codes[known] + 1, classes[known]  # no value is a value of its own: it may tell all
    if len(codes) < _FEWEST or len(np.unique(classes)) < 2:
        return ""
    others = len(classes) - int(np.bincount(classes).max())
    if others < _FEWEST_OTHERS:
        return ""
    return _values(codes, classes, others) or _gaps(codes, classes, others) or _thresholds(cells, known, classes)


def _values(codes: NDArray[np.int64], classes: NDArray[np.int64], others: int) -> str:
    """Whether the values tell the class."""
    if not 1 < len(np.unique(codes)) <= len(codes) / _ROWS_A_PIECE:
        return ""
    wrong, telling = _guessed(codes, classes)
    if telling > others / _ROWS_A_TELLING_VALUE or wrong > (1 - _TOLD) * others:
        return ""
    right = 1 - wrong / len(codes)
    return (
        f"its values tell the class of {right:.1%} of the rows" if wrong else "each of its values stands for one class"
    )


def _gaps(codes: NDArray[np.int64], classes: NDArray[np.int64], others: int) -> str:
    """Whether it tells the class that a cell is empty."""
    filled = (codes > 0).astype(np.int64)
    wrong, _ = _guessed(filled, classes)
    return "whether it is empty tells the class" if wrong <= (1 - _TOLD_BY_GAPS) * others else ""


def _guessed(codes: NDArray[np.int64], classes: NDArray[np.int64]) -> tuple[int, int]:
    """Rows that have another class than most of their value have, and values of which most have not the usual class."""
    width = int(classes.max()) + 1
    pairs, counts = np.unique(codes * width + classes, return_counts=True)
    best = np.zeros(int(codes.max()) + 1, np.int64)
    np.maximum.at(best, pairs // width, counts)
    usual = int(np.bincount(classes).argmax())
    of_usual = np.zeros_like(best)
    of_usual[pairs[pairs % width == usual] // width] = counts[pairs % width == usual]
    return len(codes) - int(best.sum()), int((best > of_usual).sum())


def _thresholds(cells: Cells, known: NDArray[np.bool_], classes: NDArray[np.int64]) -> str:
    """Whether a few thresholds of a column of numbers tell the classes apart."""
    values = cells.numbers
    if values is None:
        return ""
    values = np.where(np.isnan(values), np.inf, values)[known]  # no value is one that all such rows share
    order = np.lexsort((classes, values))  # no value comes last
    ordered, found = values[order], classes[order]
    begins = np.flatnonzero(found[1:] != found[:-1]) + 1
    pieces = len(begins) + 1
    others = len(classes) - int(np.bincount(classes).max())
    most = len(np.unique(classes)) + 1 + 2 * others // _ROWS_A_SLIP
    if pieces > min(most, len(classes) / _ROWS_A_PIECE):
        return ""
    tied = sum(ordered[place] == ordered[place - 1] for place in begins.tolist())
    return "thresholds on it alone tell the classes apart" if not tied else ""


def _number(cells: Cells, target: Cells) -> str:
    wanted = target.numbers
    if wanted is None or len(wanted) < _FEWEST:
        return ""
    values = cells.numbers
    if values is not None:
        both = np.isfinite(values) & np.isfinite(wanted)
        if both.sum() >= _FEWEST and _correlation(values[both], wanted[both]) >= _EXPLAINED:
            return "it is the target in another unit"
        if both.sum() >= _FEWEST and (how := _together(cells.info.name, values[both], wanted[both])):
            return f"the target {how} with it, in every row"
    codes = cells.codes + 1
    known = np.isfinite(wanted)
    codes, wanted = codes[known], wanted[known]
    if len(codes) < _FEWEST or not 1 < len(np.unique(codes)) <= len(codes) / _ROWS_A_PIECE:
        return ""
    return "each of its values stands for one number" if _explained(codes, wanted) >= _EXPLAINED else ""


def _correlation(values: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    """The squared correlation; 0 where one of them does not vary."""
    with np.errstate(all="ignore"):
        first, second = values - values.mean(), wanted - wanted.mean()
        first, second = first / (np.abs(first).max() or 1.0), second / (np.abs(second).max() or 1.0)
        spread = float((first**2).sum() * (second**2).sum())
        found = float((first * second).sum()) ** 2 / spread if spread > 0 else 0.0
    return found if np.isfinite(found) else 0.0


def _together(name: str, values: NDArray[np.float64], wanted: NDArray[np.float64]) -> str:
    """Whether a number rises or falls with another, as its logarithm or rank does; time does with all that grows."""
    # Of most columns a few rows tell that it does not, and sorting all takes a hundred times as long.
    first = slice(_FIRST_ROWS)
    ways = {"rises": wanted, "falls": -wanted}
    ways = {how: other for how, other in ways.items() if _rises(values[first], other[first])}
    if not ways or is_time_name(name) or _counts_steps(values):
        return ""
    if min(len(np.unique(values)), len(np.unique(wanted))) < _LEVELS:
        return ""
    return next((how for how, other in ways.items() if _rises(values, other)), "")


def _rises(values: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether `other` nowhere falls where `values` rise."""
    order = np.lexsort((other, values))
    return not np.any(np.diff(other[order]) < 0)


def _counts_steps(values: NDArray[np.float64]) -> bool:
    """Whether each row is as far from the one before, as where steps of time are counted."""
    steps = np.diff(values)
    return bool(np.allclose(steps, steps[0], rtol=1e-6))


def _explained(codes: NDArray[np.int64], wanted: NDArray[np.float64]) -> float:
    """The part of the variance that lies between the values of a column."""
    with np.errstate(all="ignore"):
        counts = np.bincount(codes)
        means = np.bincount(codes, wanted) / np.maximum(counts, 1)
        within, whole = ((wanted - means[codes]) ** 2).sum(), ((wanted - wanted.mean()) ** 2).sum()
        found = float(1 - within / whole) if whole > 0 else 0.0
    return found if np.isfinite(found) else 0.0
