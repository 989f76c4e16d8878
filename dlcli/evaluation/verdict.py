"""Whether a model is worse than no model: than the mean of a number, or the most frequent class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dlcli.config.document.places import format_path
from dlcli.errors import Problem

__all__ = ["in_words", "worse_than_guessing"]

_WORDS = {"mae": "MAE", "rmse": "RMSE", "log_loss": "log loss", "whole": "share of whole rows", "pinball": "pinball"}


def worse_than_guessing(reports: Mapping[str, Mapping[str, Any]], *, rows: str, weighted: bool) -> Iterable[Problem]:
    """A warning for each target that is predicted worse than by no model at all.

    Where a target has no baseline, numbers are compared with the mean of these very rows, which is what R2 does. That
    a median is nearer on average is no fault of a model that was taught the mean, and that probabilities are far off
    none of the classes that it names: the report tells of both.

    Args:
        reports: What the reports of an evaluation say, by target.
        rows: What was evaluated, such as `the test split`.
        weighted: Whether rows or classes have weights: then accuracy is not what was learnt.
    """
    for target, report in reports.items():
        path = format_path(("data", "target", target))
        if "baselines" not in report:
            if report.get("r2") is not None and report["r2"] < 0:
                message = f"the model predicts '{target}' worse than its mean would: R2 is {report['r2']:.2f} on {rows}"
                yield Problem(message, path=path, hint=_NUMBERS, rule="worse-than-mean")
            continue
        for name, measures in report.get("worse_than", {}).items():
            measure = next((each for each in measures if _is_a_fault(name, each, weighted=weighted)), None)
            if measure is None:
                continue
            message = f"the model predicts '{target}' worse than {in_words(report, name, measure)}, on {rows}"
            if measure == "accuracy":
                yield Problem(message, path=path, hint=_CLASSES, rule="worse-than-majority")
            else:
                yield Problem(message, path=path, hint=_NUMBERS, rule="worse-than-mean")
            break


def _is_a_fault(baseline: str, measure: str, *, weighted: bool) -> bool:
    """Whether a model that is worse in a measure has learnt worse than it should."""
    if measure == "log_loss" or (measure == "accuracy" and weighted):
        return False
    return (baseline, measure) != ("median", "mae")


def in_words(report: Mapping[str, Any], baseline: str, measure: str) -> str:
    """A baseline that is better, and by how much: `always predicting the mean: RMSE 12.1, and 9.8`."""
    other = report["baselines"][baseline]
    what = _WORDS.get(measure, measure)
    return f"{other['is']}: {what} {report[measure]:.4g}, and {other[measure]:.4g}"


_NUMBERS = (
    "train for more epochs or with another learning rate; `scale: standard` of features and target, and rows that are "
    "like those trained on, are what most often lacks"
)
_CLASSES = "train for more epochs or with another learning rate; the confusion matrix shows whether one class is missed"
