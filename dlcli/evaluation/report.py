"""The report beside the compiled metrics: a confusion matrix for classes, the usual errors for numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.evaluation.quantile_report import QuantileReport
from dlcli.evaluation.ranking import MOST_KEYS, Ranking

__all__ = ["MOST_RANKED", "ClassReport", "EmbeddingReport", "NumberReport", "surprise"]


LEAST = 1e-7
"""What a probability is at least, as in Keras's crossentropies: no class is impossible."""


def surprise(probabilities: NDArray[np.floating]) -> float:
    """The sum of the logarithms of what was thought of what came to be, negative: less is better."""
    return float(-np.log(np.maximum(probabilities.astype(np.float64), LEAST)).sum())


MOST_RANKED = 100
"""Classes up to which the areas under the ROC curves are computed: their counts take memory for each."""


class ClassReport:
    """Counts (true class, predicted class) pairs, chunk by chunk, and ranks the rows by the probability of each class.

    Args:
        classes: The class names in the order of their indices.
        ranked: Whether the rows are ranked.

    Example:
        >>> report = ClassReport(("no", "yes"))
        >>> report.add(np.array([0, 1, 1]), np.array([0, 1, 0]))
        >>> report.result()["confusion_matrix"]
        [[1, 0], [1, 1]]
    """

    def __init__(self, classes: tuple[str, ...], *, ranked: bool = True) -> None:
        self.classes = classes
        self._surprise: float | None = 0.0
        self.counts = np.zeros((len(classes), len(classes)), np.int64)
        self.missed = np.zeros(len(classes), np.int64)
        count = 1 if len(classes) == 2 else len(classes) if len(classes) <= MOST_RANKED else 0
        self._rankings = [Ranking(MOST_KEYS // count) for _ in range(count if ranked else 0)]
        self._is_ranked = bool(self._rankings)

    def add(
        self,
        true: NDArray[np.integer],
        predicted: NDArray[np.integer],
        probabilities: NDArray[np.floating] | None = None,
    ) -> None:
        """Count a chunk.

        Args:
            true: Class indices, shape (rows,).
            predicted: Likewise, -1 where there is no prediction.
            probabilities: Of each class, shape (rows, classes); None when there are none.
        """
        size, there = len(self.classes), predicted >= 0
        self.missed += np.bincount(true[~there], minlength=size)
        true, predicted = true[there].astype(np.int64), predicted[there]
        self.counts += np.bincount(true * size + predicted, minlength=size * size).reshape(size, size)
        if probabilities is None:
            self._surprise = None
        elif self._surprise is not None:
            self._surprise += surprise(probabilities[there, true])
        self._is_ranked = self._is_ranked and probabilities is not None
        if probabilities is not None and self._is_ranked:
            for place, ranking in zip(self._ranked_places(), self._rankings, strict=True):
                ranking.add(probabilities[there, place], true == place)

    def result(self) -> dict[str, Any]:
        """Confusion matrix (rows are the true classes), and per class precision, recall, F1 and support.

        A precision without predictions, or a recall without rows, is 0 by convention. A row without a prediction is
        not right, and stands in no column of the matrix. `auc` is the area under the ROC curve of a class against all
        others, over the rows with a prediction, and `log_loss` the mean of the logarithms of what the right classes
        were given; None where it has no rows, or all. `macro_average` is the mean over the
        classes that occur or are predicted, of `auc` over those that have one. Without probabilities there is no `auc`.
        """
        hits = np.diag(self.counts).astype(float)
        predicted, support = self.counts.sum(axis=0), self.counts.sum(axis=1) + self.missed
        precision = hits / np.maximum(predicted, 1)
        recall = hits / np.maximum(support, 1)
        total = precision + recall
        f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
        rows = int(support.sum())
        areas = self._areas()
        seen = (predicted + support) > 0
        macro: dict[str, float | None] = {
            name: float(figures[seen].mean()) if seen.any() else 0.0
            for name, figures in (("precision", precision), ("recall", recall), ("f1", f1))
        }
        if areas is not None:
            known = [area for area in areas if area is not None]
            macro["auc"] = float(np.mean(known)) if known else None
        predicted_rows = int(self.counts.sum())
        return {
            "accuracy": float(hits.sum() / rows) if rows else None,
            **({} if self._surprise is None or not predicted_rows else {"log_loss": self._surprise / predicted_rows}),
            "classes": {
                name: {
                    "precision": float(precision[i]),
                    "recall": float(recall[i]),
                    "f1": float(f1[i]),
                    "support": int(support[i]),
                    **({} if areas is None else {"auc": areas[i]}),
                }
                for i, name in enumerate(self.classes)
            },
            "macro_average": macro,
            "confusion_matrix": self.counts.tolist(),
            **({"without_prediction": int(self.missed.sum())} if self.missed.any() else {}),
        }

    def _ranked_places(self) -> range:
        """The classes that are ranked: of two the second, whose curve is that of the first."""
        return range(1, 2) if len(self.classes) == 2 else range(len(self.classes))

    def _areas(self) -> list[float | None] | None:
        """The area of each class; None when there are none."""
        if not self._is_ranked:
            return None
        areas = [ranking.area() for ranking in self._rankings]
        return areas * 2 if len(self.classes) == 2 else areas


MOST_COMPARED = 10_000
"""Rows that are compared with each other at most."""

COMPARED_AT_ONCE = 1_000


class EmbeddingReport:
    """How often the nearest other row, by the angle between their embeddings, is of the same class.

    Example:
        >>> report = EmbeddingReport()
        >>> report.add(np.array([0, 0, 1]), np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]))
        >>> report.result()["compared"]
        3
    """

    def __init__(self) -> None:
        self._classes: list[NDArray[np.integer]] = []
        self._vectors: list[NDArray[np.floating]] = []
        self._rows = 0

    def add(self, true: NDArray[np.integer], embedding: NDArray[np.floating]) -> None:
        """Take in a chunk: class indices, shape (rows,), and embeddings, shape (rows, units)."""
        there = np.isfinite(embedding).all(axis=1)
        room = MOST_COMPARED - self._rows
        classes, vectors = true[there][:room], embedding[there][:room].astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._classes.append(classes)
        self._vectors.append(vectors / np.maximum(lengths, np.finfo(np.float32).tiny))
        self._rows += len(classes)

    def result(self) -> dict[str, Any]:
        """The share among the rows that were compared, the first of all; None where there are not two."""
        share = self._share() if self._rows > 1 else None
        return {"nearest_accuracy": share, "compared": self._rows}

    def _share(self) -> float:
        classes, vectors = np.concatenate(self._classes), np.concatenate(self._vectors)
        right = 0
        for start in range(0, self._rows, COMPARED_AT_ONCE):
            likeness = vectors[start : start + COMPARED_AT_ONCE] @ vectors.T
            own = np.arange(len(likeness))
            likeness[own, start + own] = -np.inf
            right += int((classes[likeness.argmax(axis=1)] == classes[start + own]).sum())
        return right / self._rows


@dataclasses.dataclass
class NumberReport:
    """MAE, RMSE and R2 in the target's own unit, chunk by chunk; of quantiles also how good each of them is.

    R2 is `1 - sum((y - p)^2) / sum((y - mean(y))^2)`; it is not defined when all true values are equal. The spread
    around the mean is merged over chunks as Chan, Golub and LeVeque (1979) do, so that large offsets do not cancel.

    Args:
        columns: The names of the target's columns, or of a vector's places; the errors are averaged over them when
            there are several.
        quantiles: Those that are predicted beside, ascending.
    """

    columns: tuple[str, ...]
    quantiles: tuple[float, ...] = ()
    rows: int = 0

    def __post_init__(self) -> None:
        width = len(self.columns)
        self._absolute = np.zeros(width)
        self._squared = np.zeros(width)
        self._mean = np.zeros(width)
        self._spread = np.zeros(width)
        self._coverage = QuantileReport(self.quantiles) if self.quantiles else None

    def add(
        self,
        true: NDArray[np.floating],
        predicted: NDArray[np.floating],
        quantiles: Sequence[NDArray[np.floating]] = (),
    ) -> None:
        """Add a chunk; all arrays have shape (rows, width)."""
        if not len(true):
            return
        if self._coverage is not None:
            self._coverage.add(true, quantiles)
        true, error = true.astype(np.float64), true.astype(np.float64) - predicted
        self._absolute += np.abs(error).sum(axis=0)
        self._squared += (error**2).sum(axis=0)
        mean, count = true.mean(axis=0), len(true)
        delta, total = mean - self._mean, self.rows + count
        self._spread += ((true - mean) ** 2).sum(axis=0) + delta**2 * self.rows * count / total
        self._mean += delta * count / total
        self.rows = total

    def result(self) -> dict[str, Any]:
        """The errors; for several columns also each column's own; and what `QuantileReport` says, of all together."""
        coverage = {} if self._coverage is None else self._coverage.result()
        return {**self._errors(), **coverage}

    def _errors(self) -> dict[str, Any]:
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
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            r2 = float(1 - self._squared[index] / spread)  # the spread may be next to nothing
        return {
            "mae": float(self._absolute[index] / rows),
            "rmse": float(np.sqrt(self._squared[index] / rows)),
            "r2": r2 if np.isfinite(r2) else None,
        }
