"""Two models, the same rows: how far apart are their numbers?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.inference.predictor import Arrays

__all__ = ["BATCH_OF_ONE", "MOST_ROWS", "TOLERANCE", "Parity", "compare", "measure"]

TOLERANCE = 1e-5
"""The greatest difference, as a part of the output's greatest absolute value, or of 1 when that is less. Two runtimes
add up the same float32 products in another order: 1e-7 is usual, and a mistake is far above."""

MOST_ROWS = 256
"""Rows that are compared."""

BATCH_OF_ONE = 8
"""Of these, rows that are compared one by one as well."""

Run = Callable[[Arrays], Sequence[NDArray[Any]]]


@dataclasses.dataclass(frozen=True)
class Parity:
    """How far two models are apart.

    Args:
        rows: How many rows were compared.
        difference: The greatest absolute difference of an output.
        relative: The same as a part of the output's greatest absolute value.
        excess: The greatest difference as a part of what is tolerated: above 1 the models disagree.
        row: The row, from 0, where the excess is greatest.
        batch: How many rows were given at once there.
        expected: The numbers of that row and output by the first model.
        received: The numbers of that row and output by the second model.
    """

    rows: int = 0
    difference: float = 0.0
    relative: float = 0.0
    excess: float = 0.0
    row: int = 0
    batch: int = 0
    expected: tuple[float, ...] = ()
    received: tuple[float, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the difference is tolerated."""
        return self.excess <= 1

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "rows": self.rows,
            "batch_sizes": [1, self.rows],
            "difference": self.difference,
            "relative": self.relative,
            "tolerance": TOLERANCE,
        }

    def __str__(self) -> str:
        return (
            f"row {self.row + 1} of {self.rows} (in a batch of {self.batch}) differs by {self.difference:.3g}: "
            f"expected {_some(self.expected)}, got {_some(self.received)}"
        )


def measure(expected: Run, received: Run, inputs: Arrays) -> Parity:
    """Run two models on the same rows, all at once and one by one.

    Args:
        expected: The model to agree with.
        received: The model in question.
        inputs: An array `(rows, *shape)` for each input.
    """
    rows = len(next(iter(inputs.values())))
    worst = Parity(rows)
    for start, count in [(0, rows), *((row, 1) for row in range(min(rows, BATCH_OF_ONE)))]:
        part = {name: values[start : start + count] for name, values in inputs.items()}
        found = compare(expected(part), received(part))
        if found.excess > worst.excess or not worst.batch:
            worst = dataclasses.replace(found, rows=rows, row=start + found.row, batch=count)
    return worst


def compare(expected: Sequence[NDArray[Any]], received: Sequence[NDArray[Any]]) -> Parity:
    """The greatest difference between two models' outputs for the same rows.

    NaN equals NaN: a model that has diverged is the same model still.

    Example:
        >>> compare([np.zeros((2, 1))], [np.array([[0.0], [1e-6]])]).difference
        1e-06
    """
    worst = Parity(len(expected[0]))
    for first, second in zip(expected, received, strict=True):
        if first.shape != second.shape:
            return Parity(len(first), float("inf"), float("inf"), float("inf"))
        one = first.reshape(len(first), -1).astype(np.float64)
        other = second.reshape(len(second), -1).astype(np.float64)
        with np.errstate(invalid="ignore"):
            apart = np.abs(one - other)
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        apart = np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))
        largest = float(np.max(np.abs(one), where=np.isfinite(one), initial=0.0))
        difference = float(apart.max(initial=0.0))
        excess = difference / (TOLERANCE * max(1.0, largest))
        if excess >= worst.excess:
            row = int(apart.max(axis=1, initial=0.0).argmax()) if apart.size else 0
            worst = Parity(
                rows=len(one),
                difference=difference,
                relative=difference / largest if largest else difference,
                excess=excess,
                row=row,
                expected=tuple(one[row].tolist()),
                received=tuple(other[row].tolist()),
            )
    return worst


def _some(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:.7g}" for number in numbers[:5]) + (", ..." if len(numbers) > 5 else "")
