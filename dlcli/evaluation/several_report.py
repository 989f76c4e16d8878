"""The reports of targets with several classes a row: at each of several places, as a set, or as a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.evaluation.ranking import MOST_KEYS, Ranking
from dlcli.evaluation.report import MOST_RANKED, ClassReport, surprise

__all__ = ["PlacesReport", "SequenceReport", "SetReport"]


class PlacesReport(ClassReport):
    """Of a class at each of several places, steps or pixels: all places counted alike, and the rows that are right.

    Beside what `ClassReport` tells: `iou` of each class, the places of the class that were found among those that are
    of it or were taken for it, and `whole`, the share of the rows in which every place is right. Places without a class
    do not count. No class is ranked.

    Example:
        >>> report = PlacesReport(("a", "b"))
        >>> report.add(np.array([[0, 1], [1, -1]]), np.array([[0, 0], [1, 1]]))
        >>> report.result()["whole"], report.result()["accuracy"]
        (0.5, 0.6666666666666666)
    """

    def __init__(self, classes: tuple[str, ...]) -> None:
        super().__init__(classes, ranked=False)
        self._rows = self._right = 0

    def add(
        self,
        true: NDArray[np.integer],
        predicted: NDArray[np.integer],
        probabilities: NDArray[np.floating] | None = None,
    ) -> None:
        """Count a chunk: class indices, both of shape (rows, *axes)."""
        known = true >= 0
        right = ((true == predicted) | ~known).reshape(len(true), -1).all(axis=1)
        self._rows, self._right = self._rows + len(true), self._right + int(right.sum())
        super().add(true[known], predicted[known])

    def result(self) -> dict[str, Any]:
        """See `ClassReport.result`, and above."""
        result = super().result()
        hits = np.diag(self.counts)
        either = self.counts.sum(axis=0) + self.counts.sum(axis=1) + self.missed - hits
        overlaps = [float(hit / all_) if all_ else None for hit, all_ in zip(hits, either, strict=True)]
        for each, overlap in zip(result["classes"].values(), overlaps, strict=True):
            each["iou"] = overlap
        known = [overlap for overlap in overlaps if overlap is not None]
        result["macro_average"]["iou"] = float(np.mean(known)) if known else None
        return {"accuracy": result.pop("accuracy"), "whole": self._right / max(self._rows, 1), **result}


class SetReport:
    """Of sets of classes: how each class was found, and how many sets are right altogether.

    Args:
        classes: The class names in the order of the numbers.
        ranked: Whether the rows are ranked.

    Example:
        >>> report = SetReport(("a", "b"))
        >>> report.add(np.array([[True, True], [False, True]]), np.array([[True, False], [False, True]]))
        >>> report.result()["whole"], report.result()["classes"]["b"]["recall"]
        (0.5, 0.5)
    """

    def __init__(self, classes: tuple[str, ...], *, ranked: bool = True) -> None:
        self.classes = classes
        self._surprise: float | None = 0.0
        self._rows = self._whole = 0
        self._right, self._taken, self._there = (np.zeros(len(classes), np.int64) for _ in range(3))
        self._same = np.zeros(len(classes), np.int64)
        count = len(classes) if ranked and len(classes) <= MOST_RANKED else 0
        self._rankings = [Ranking(MOST_KEYS // count) for _ in range(count)]
        self._is_ranked = bool(count)

    def add(
        self,
        true: NDArray[np.bool_],
        chosen: NDArray[np.bool_],
        probabilities: NDArray[np.floating] | None = None,
    ) -> None:
        """Take in a chunk: which classes are in the sets, and which were taken to be; both of shape (rows, classes)."""
        self._rows += len(true)
        self._whole += int((true == chosen).all(axis=1).sum())
        self._same += (true == chosen).sum(axis=0)
        self._right += (true & chosen).sum(axis=0)
        self._taken += chosen.sum(axis=0)
        self._there += true.sum(axis=0)
        if probabilities is None or np.isnan(probabilities).any():
            self._surprise = None
        elif self._surprise is not None:
            self._surprise += surprise(np.where(true, probabilities, 1 - probabilities))
        self._is_ranked = self._is_ranked and probabilities is not None
        if probabilities is not None and self._is_ranked:
            there = ~np.isnan(probabilities).any(axis=1)
            for place, ranking in enumerate(self._rankings):
                ranking.add(probabilities[there, place], true[there, place])

    def result(self) -> dict[str, Any]:
        """`accuracy` over all classes and rows, `whole` sets that are right, and for each class precision, recall, F1,
        support and, where probabilities are known, the area under the ROC curve; `micro_average` counts all classes as
        one, `macro_average` is the mean over the classes."""
        counts = (self._right, self._taken, self._there)
        each = [self._measures(*one) for one in zip(*(count.tolist() for count in counts), strict=True)]
        areas = [ranking.area() for ranking in self._rankings] if self._is_ranked else None
        macro: dict[str, float | None] = {
            name: float(np.mean([one[name] for one in each])) for name in ("precision", "recall", "f1")
        }
        if areas is not None:
            known = [area for area in areas if area is not None]
            macro["auc"] = float(np.mean(known)) if known else None
        rows = max(self._rows, 1)
        return {
            "accuracy": float(self._same.mean() / rows),
            "whole": self._whole / rows,
            **({} if self._surprise is None else {"log_loss": self._surprise / (rows * len(self.classes))}),
            "classes": {
                name: {**one, "support": int(there), **({} if areas is None else {"auc": areas[place]})}
                for place, (name, one, there) in enumerate(zip(self.classes, each, self._there, strict=True))
            },
            "micro_average": self._measures(*(int(count.sum()) for count in counts)),
            "macro_average": macro,
            "rows": self._rows,
        }

    @staticmethod
    def _measures(right: int, taken: int, there: int) -> dict[str, float]:
        precision, recall = (right / max(count, 1) for count in (taken, there))
        total = precision + recall
        return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / total if total else 0.0}


class SequenceReport:
    """How far sequences are from those that are right.

    `whole` is the share that is right altogether, and `error_rate` the least number of insertions, deletions and
    changes that mend all, by the length of the right ones.

    Example:
        >>> report = SequenceReport()
        >>> report.add([["a", "b"], ["c"]], [["a"], ["c"]])
        >>> report.result()
        {'whole': 0.5, 'error_rate': 0.3333333333333333, 'rows': 2}
    """

    def __init__(self) -> None:
        self._rows = self._right = self._edits = self._length = 0

    def add(self, true: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]) -> None:
        """Take in some rows."""
        for wanted, found in zip(true, predicted, strict=True):
            edits = _edits(wanted, found)
            self._rows += 1
            self._right += edits == 0
            self._edits += edits
            self._length += len(wanted)

    def result(self) -> dict[str, Any]:
        """See above."""
        rows = max(self._rows, 1)
        return {"whole": self._right / rows, "error_rate": self._edits / max(self._length, 1), "rows": self._rows}


def _edits(wanted: Sequence[Any], found: Sequence[Any]) -> int:
    """The distance of Levenshtein."""
    row = list(range(len(found) + 1))
    for place, one in enumerate(wanted, start=1):
        before, row[0] = row[0], place
        for other, value in enumerate(found, start=1):
            before, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, before + (one != value))
    return row[-1]
