"""How good forecasts are at each step ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

__all__ = ["StepsReport"]

SHOWN = ("mae", "rmse", "r2", "accuracy")
"""What is told of each step: the rest is for all of them together."""


class StepsReport:
    """A report for each of the steps ahead.

    Args:
        steps: How many there are.
        make: Makes an empty report of one step.

    Example:
        >>> report = StepsReport(2, lambda: ClassReport(("a", "b"), ranked=False))
        >>> report.add(np.array([[0, 1], [1, 1]]), np.array([[0, 0], [1, 1]]))
        >>> report.result()
        {'1': {'accuracy': 1.0}, '2': {'accuracy': 0.5}}
    """

    def __init__(self, steps: int, make: Callable[[], Any]) -> None:
        self._reports: Sequence[Any] = [make() for _ in range(steps)]

    def add(self, true: NDArray[Any], predicted: NDArray[Any]) -> None:
        """Take in a chunk: `(rows, steps, ...)` each."""
        for step, report in enumerate(self._reports):
            report.add(true[:, step], predicted[:, step])

    def result(self) -> dict[str, dict[str, Any]]:
        """What each says, by the number of the step, from 1."""
        said = [report.result() for report in self._reports]
        return {str(step): {name: one[name] for name in SHOWN if name in one} for step, one in enumerate(said, start=1)}
