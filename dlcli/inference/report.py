"""The report beside the compiled metrics: a confusion matrix for classes, the usual errors for numbers."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClassReport", "NumberReport"]


class ClassReport:
    """Counts (true class, predicted class) pairs, chunk by chunk.

    Args:
        classes: The class names in the order of their indices.

    Example:
        >>> report = ClassReport(("no", "yes"))
        >>> report.add(np.array([0, 1, 1]), np.array([0, 1, 0]))
        >>> report.result()["confusion_matrix"]
        [[1, 0], [1, 1]]
    """

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.classes = classes
        self.counts = np.zeros((len(classes), len(classes)), np.int64)
        self.missed = np.zeros(len(classes), np.int64)

    def add(self, true: NDArray[np.integer], predicted: NDArray[np.integer]) -> None:
        """Count a chunk; both arrays are class indices of shape (rows,), a predicted one -1 where there is none."""
        size = len(self.classes)
        self.missed += np.bincount(true[predicted < 0], minlength=size)
        true, predicted = true[predicted >= 0].astype(np.int64), predicted[predicted >= 0]
        self.counts += np.bincount(true * size + predicted, minlength=size * size).reshape(size, size)

    def result(self) -> dict[str, Any]:
        """Confusion matrix (rows are the true classes), and per class precision, recall, F1 and support.

        A precision without predictions, or a recall without rows, is 0 by convention. A row without a prediction is
        not right, and stands in no column of the matrix.
        """
        hits = np.diag(self.counts).astype(float)
        predicted, support = self.counts.sum(axis=0), self.counts.sum(axis=1) + self.missed
        precision = hits / np.maximum(predicted, 1)
        recall = hits / np.maximum(support, 1)
        total = precision + recall
        f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
        rows = int(support.sum())
        return {
            "accuracy": float(hits.sum() / rows) if rows else None,
            "classes": {
                name: {
                    "precision": float(precision[i]),
                    "recall": float(recall[i]),
                    "f1": float(f1[i]),
                    "support": int(support[i]),
                }
                for i, name in enumerate(self.classes)
            },
            "confusion_matrix": self.counts.tolist(),
            **({"without_prediction": int(self.missed.sum())} if self.missed.any() else {}),
        }


@dataclasses.dataclass
class NumberReport:
    """MAE, RMSE and R2 in the target's own unit, chunk by chunk.

    R2 is `1 - sum((y - p)^2) / sum((y - mean(y))^2)`; it is not defined when all true values are equal. The spread
    around the mean is merged over chunks as Chan, Golub and LeVeque (1979) do, so that large offsets do not cancel.

    Args:
        columns: The names of the target's columns, or of a vector's places; the errors are averaged over them when
            there are several.
    """

    columns: tuple[str, ...]
    rows: int = 0

    def __post_init__(self) -> None:
        width = len(self.columns)
        self._absolute = np.zeros(width)
        self._squared = np.zeros(width)
        self._mean = np.zeros(width)
        self._spread = np.zeros(width)

    def add(self, true: NDArray[np.floating], predicted: NDArray[np.floating]) -> None:
        """Add a chunk; both arrays have shape (rows, width)."""
        if not len(true):
            return
        true, error = true.astype(np.float64), true.astype(np.float64) - predicted
        self._absolute += np.abs(error).sum(axis=0)
        self._squared += (error**2).sum(axis=0)
        mean, count = true.mean(axis=0), len(true)
        delta, total = mean - self._mean, self.rows + count
        self._spread += ((true - mean) ** 2).sum(axis=0) + delta**2 * self.rows * count / total
        self._mean += delta * count / total
        self.rows = total

    def result(self) -> dict[str, Any]:
        """The errors; for several columns also each column's own."""
        each = [self._column(index) for index in range(len(self.columns))]
        if len(each) == 1:
            return each[0]
        mean = {
            name: None if any(row[name] is None for row in each) else float(np.mean([row[name] for row in each]))
            for name in ("mae", "rmse", "r2")
        }
        return {**mean, "columns": dict(zip(self.columns, each, strict=True))}

    def _column(self, index: int) -> dict[str, Any]:
        rows = max(self.rows, 1)
        spread = self._spread[index]
        return {
            "mae": float(self._absolute[index] / rows),
            "rmse": float(np.sqrt(self._squared[index] / rows)),
            "r2": float(1 - self._squared[index] / spread) if spread > 0 else None,
        }
