"""Two models, the same rows: how far apart are their numbers?

Each column of an output is measured by its own greatest number: one of millions does not hide another of thousandths.
A sum whose terms cancel is smaller than its terms, and float32 rounds the terms; so where the strict comparison fails,
the model tells its own noise: how far its outputs move when each weight and input is off by a few roundings, and how
far a row alone is from the same among others. What no more than that separates, no arithmetic in float32 can tell
apart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.exports.formats import TOLERANCE
from dlcli.trained.predictor import Arrays

__all__ = ["BATCH_OF_ONE", "MOST_ROWS", "Parity", "batches", "floors", "judge", "measure"]

FLOOR = 2.0**-21
"""What a sigmoid may differ by whatever its size, eight roundings of 0.5: runtimes compute it as 0.5 plus something
(ONNX Runtime's is off by 1.4e-7, and 0 below 1e-8)."""

SELF = 4.0
"""So many times its noise a model may differ from itself, between a row among others and alone, and another model as
well: one shaking is a draw, and a softmax of large scores a multiple of it. Beyond that the batch has a say."""

SMALLEST = 1e-30
"""What is smaller may be zero: some runtimes know no denormal numbers."""

MOST_ROWS = 256
"""Rows that are compared."""

BATCH_OF_ONE = 8
"""Of these, rows that are compared one by one as well."""

_EXACT = ("linear", "relu", "softmax", "tanh")
"""Activations whose results are as exact near zero as elsewhere."""

Outputs = Sequence[NDArray[Any]]
Run = Callable[[Arrays], Outputs]


@dataclasses.dataclass(frozen=True)
class Parity:
    """How far two models are apart.

    Args:
        rows: How many rows were compared.
        difference: The greatest absolute difference of all.
        relative: The greatest difference as a part of the greatest absolute value of its column.
        floor: The most that a column may differ by whatever its size.
        noise: The most that rounding moves a column by, where that was allowed too.
        excess: The greatest difference as a part of what is tolerated there: above 1 the models disagree.
        row: The row, from 0, where the excess is greatest.
        batch: How many rows were given at once there.
        apart: The difference there.
        expected: The numbers of that row and output by the first model.
        received: The numbers of that row and output by the second model.
        tolerance: What was tolerated as a part of the greatest absolute value of a column.
    """

    rows: int = 0
    difference: float = 0.0
    relative: float = 0.0
    floor: float = 0.0
    noise: float = 0.0
    excess: float = 0.0
    row: int = 0
    batch: int = 0
    apart: float = 0.0
    expected: tuple[float, ...] = ()
    received: tuple[float, ...] = ()
    tolerance: float = TOLERANCE

    @property
    def agrees(self) -> bool:
        """Whether the difference is tolerated."""
        return self.excess <= 1

    def document(self) -> dict[str, Any]:
        """As JSON values; `floor` and `noise` where they were allowed besides the tolerance."""
        return {
            "rows": self.rows,
            "batch_sizes": [1, self.rows],
            "difference": self.difference,
            "relative": self.relative,
            "tolerance": self.tolerance,
            **({"floor": self.floor} if self.floor else {}),
            **({"noise": self.noise} if self.noise else {}),
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Parity:
        """What a document tells of a comparison."""
        told = ("rows", "difference", "relative", "tolerance", "floor", "noise")
        return cls(**{name: document[name] for name in told if name in document})

    def __str__(self) -> str:
        return (
            f"row {self.row + 1} of {self.rows} (in a batch of {self.batch}) differs by {self.apart:.3g}: "
            f"expected {_some(self.expected)}, got {_some(self.received)}"
        )


def batches(rows: int) -> list[tuple[int, int]]:
    """The batches that are compared, each as its first row and its size: all rows, then some of them one by one."""
    return [(0, rows), *((row, 1) for row in range(min(rows, BATCH_OF_ONE)))]


def floors(outputs: Sequence[OutputPlan]) -> list[float]:
    """What each output may differ by whatever its size."""
    return [0.0 if output.head.activation in _EXACT else FLOOR for output in outputs]


def measure(
    expected: Run,
    received: Run,
    inputs: Arrays,
    *,
    floors: Sequence[float] = (),
    noise: Callable[[], Outputs] | None = None,
) -> Parity:
    """Run two models on the same rows, all at once and one by one.

    Args:
        expected: The model to agree with.
        received: The model in question.
        inputs: An array `(rows, *shape)` for each input.
        floors: See `judge`.
        noise: See `judge`.
    """
    cut = batches(len(next(iter(inputs.values()))))
    parts = [{name: values[start : start + count] for name, values in inputs.items()} for start, count in cut]
    return judge([expected(part) for part in parts], [received(part) for part in parts], floors=floors, noise=noise)


def judge(
    expected: Sequence[Outputs],
    received: Sequence[Outputs],
    *,
    floors: Sequence[float] = (),
    noise: Callable[[], Outputs] | None = None,
    tolerance: float = TOLERANCE,
) -> Parity:
    """The greatest difference between two models' outputs, measured by what is tolerated there.

    NaN equals NaN: a model that has diverged is the same model still.

    Args:
        expected: For each of `batches` the outputs of the model to agree with, each `(rows, ..., columns)`.
        received: Those of the model in question.
        floors: For each output, what it may differ by whatever its size; else nothing.
        noise: Called where the models seem to disagree: how far each output moves, for all rows, when the model is
            shaken by as much as rounding does.
        tolerance: See `TOLERANCE`.
    """
    scales = [_greatest(_columns(values)) for values in expected[0]]
    lowest = list(floors) or [0.0] * len(scales)
    tolerated = [tolerance * scale + max(floor, SMALLEST) for scale, floor in zip(scales, lowest, strict=True)]
    floor = max(lowest, default=0.0)
    parity = dataclasses.replace(_worst(expected, received, scales, tolerated), floor=floor, tolerance=tolerance)
    if parity.agrees or noise is None:
        return parity
    moved = [_greatest(_columns(values)) for values in noise()]
    moved = [
        shaken + np.minimum(own, SELF * shaken) for shaken, own in zip(moved, _between_batches(expected), strict=True)
    ]
    looser = _worst(expected, received, scales, [one + more for one, more in zip(tolerated, moved, strict=True)])
    return dataclasses.replace(
        looser, floor=floor, tolerance=tolerance, noise=max(float(more.max(initial=0.0)) for more in moved)
    )


def _between_batches(outputs: Sequence[Outputs]) -> list[NDArray[np.float64]]:
    """How far each column of a model is from itself, `(columns,)`: a row among all, and alone."""
    apart = [np.zeros(_columns(values).shape[-1]) for values in outputs[0]]
    for (start, count), ones in zip(batches(len(outputs[0][0])), outputs, strict=False):
        for place, (one, whole) in enumerate(zip(ones, outputs[0], strict=True)):
            same = whole[start : start + count]
            if one.shape == same.shape:
                apart[place] = np.maximum(apart[place], _greatest(_apart(_columns(one), _columns(same))))
    return apart


def _worst(
    expected: Sequence[Outputs],
    received: Sequence[Outputs],
    scales: Sequence[NDArray[np.float64]],
    tolerated: Sequence[NDArray[np.float64]],
) -> Parity:
    rows = len(expected[0][0])
    worst = Parity(rows)
    difference = relative = 0.0
    for (start, count), ones, others in zip(batches(rows), expected, received, strict=False):
        for one, other, scale, most in zip(ones, others, scales, tolerated, strict=True):
            if one.shape != other.shape:
                infinite = float("inf")
                return Parity(rows, infinite, infinite, excess=infinite, row=start, batch=count, apart=infinite)
            apart = _apart(_columns(one), _columns(other))
            if not apart.size:
                continue
            difference = max(difference, float(apart.max()))
            relative = max(relative, float((apart / np.where(scale > 0, scale, 1.0)).max()))
            excess = apart / most
            place = np.unravel_index(excess.argmax(), excess.shape)
            if excess[place] >= worst.excess:
                row = int(place[0])
                worst = Parity(
                    rows=rows,
                    excess=float(excess[place]),
                    row=start + row,
                    batch=count,
                    apart=float(apart[place]),
                    expected=tuple(one[row].reshape(-1).tolist()),
                    received=tuple(other[row].reshape(-1).tolist()),
                )
    return dataclasses.replace(worst, difference=difference, relative=relative)


def _columns(values: NDArray[Any]) -> NDArray[np.float64]:
    """An output as `(rows, places, columns)`."""
    return values.astype(np.float64).reshape(len(values), -1, values.shape[-1] if values.ndim > 1 else 1)


def _greatest(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The greatest absolute value of each column, `(columns,)`, of those that are finite."""
    return np.asarray(np.max(np.abs(values), axis=(0, 1), where=np.isfinite(values), initial=0.0))


def _apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each number is from its like; infinitely, where one of them alone is not finite."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(one - other)
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    return np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))


def _some(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:.7g}" for number in numbers[:5]) + (", ..." if len(numbers) > 5 else "")
