"""Whether a model is worse than no model: than the mean of a number, or the most frequent class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dlcli.config.document.places import format_path
from dlcli.errors import Problem

__all__ = ["worse_than_guessing"]


def worse_than_guessing(reports: Mapping[str, Mapping[str, Any]], *, rows: str, weighted: bool) -> Iterable[Problem]:
    """A warning for each target that is predicted worse than by a constant.

    Args:
        reports: What the reports of an evaluation say, by target.
        rows: What was evaluated, such as `the test split`.
        weighted: Whether rows or classes have weights: then accuracy is not what was learnt.
    """
    for target, report in reports.items():
        if "confusion_matrix" not in report and "r2" not in report:
            continue
        path = format_path(("data", "target", target))
        if "r2" in report:
            if report["r2"] is not None and report["r2"] < 0:
                yield Problem(
                    f"the model predicts '{target}' worse than its mean would: R2 is {report['r2']:.2f} on {rows}",
                    path=path,
                    hint=_NUMBERS,
                    rule="worse-than-mean",
                )
            continue
        support = [each["support"] for each in report["classes"].values()]
        share = max(support) / max(sum(support), 1)
        if not weighted and report["accuracy"] is not None and report["accuracy"] < share:
            yield Problem(
                f"the model predicts '{target}' worse than its most frequent class would: accuracy is "
                f"{report['accuracy']:.2f} on {rows}, and {share:.2f} of them are of that class",
                path=path,
                hint=_CLASSES,
                rule="worse-than-majority",
            )


_NUMBERS = (
    "train for more epochs or with another learning rate; `scale: standard` of features and target, and rows that are "
    "like those trained on, are what most often lacks"
)
_CLASSES = "train for more epochs or with another learning rate; the confusion matrix shows whether one class is missed"
