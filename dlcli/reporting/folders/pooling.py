"""The reports of several models, each on rows of its own, as one report of all rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.evaluation.compared import worse_in
from dlcli.evaluation.report import ClassReport
from dlcli.evaluation.several_report import PlacesReport

__all__ = ["pooled"]

COUNTED = ("support", "rows", "without_prediction", "compared")
"""Of a report, what is a number of rows."""

COUNTED_BY_CLASS = ("classes", "macro_average", "confusion_matrix", "without_prediction")

GIVEN = ("nominal",)

AVERAGED = ("auc",)
"""Of classes, what the confusion matrix does not give."""


def pooled(reports: Sequence[Mapping[str, Any]], weights: Sequence[float]) -> dict[str, Any]:
    """One report of several, of the same target.

    Shares and mean errors are those of all rows together, and so are the confusion matrix and what follows from it.
    Areas under curves and R2 are no means over rows: they are those of the models, on average.

    Args:
        reports: What `evaluations/<name>.json` says of the target, of each.
        weights: How many rows each is of.

    Example:
        >>> pooled([{"mae": 1.0, "rmse": 1.0}, {"mae": 2.0, "rmse": 7.0}], [10, 10])
        {'mae': 1.5, 'rmse': 5.0}
    """
    whole = _merged([{key: each for key, each in report.items() if key != "worse_than"} for report in reports], weights)
    if all(isinstance(report.get("confusion_matrix"), list) for report in reports):
        whole |= _counted(reports, whole)
    if worse := _worse(reports, whole):
        whole["worse_than"] = worse
    return whole


def _merged(parts: Sequence[Mapping[str, Any]], weights: Sequence[float]) -> dict[str, Any]:
    """What all parts have, key by key."""
    found: dict[str, Any] = {}
    for key in parts[0]:
        values = [part[key] for part in parts if key in part]
        if len(values) < len(parts) or key == "confusion_matrix":
            continue
        if all(isinstance(value, Mapping) for value in values):
            found[key] = _merged(values, weights)
        elif all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            found[key] = _number(key, values, weights)
        elif all(value == values[0] for value in values):
            found[key] = values[0]
        elif key == "is":
            found[key] = "always predicting what is most frequent in training"
    return found


def _number(key: str, values: Sequence[float], weights: Sequence[float]) -> float:
    if key in COUNTED:
        return sum(values)
    if key in GIVEN:
        return values[0]
    if key == "rmse":
        return math.sqrt(float(np.average(np.square(values), weights=weights)))
    return float(np.average(values, weights=weights))


def _counted(reports: Sequence[Mapping[str, Any]], whole: Mapping[str, Any]) -> dict[str, Any]:
    """What the confusion matrix of all rows gives; classes are met by their names."""
    names = tuple(dict.fromkeys(name for report in reports for name in report["classes"]))
    of_places = all("iou" in (report.get("macro_average") or {}) for report in reports)
    made = PlacesReport(names) if of_places else ClassReport(names, ranked=False)
    for report in reports:
        own = [names.index(name) for name in report["classes"]]
        counts = np.asarray(report["confusion_matrix"], np.int64).reshape(len(own), len(own))
        made.counts[np.ix_(own, own)] += counts
        made.missed[own] += [each["support"] for each in report["classes"].values()] - counts.sum(axis=1)
    found = {key: each for key, each in made.result().items() if key in COUNTED_BY_CLASS}
    for name, each in found["classes"].items():
        kept = whole.get("classes", {}).get(name, {})
        each |= {key: value for key, value in kept.items() if key in AVERAGED}
    kept = whole.get("macro_average", {})
    found["macro_average"] |= {key: value for key, value in kept.items() if key in AVERAGED}
    return found


def _worse(reports: Sequence[Mapping[str, Any]], whole: Mapping[str, Any]) -> dict[str, list[str]]:
    """The baselines that are better than the models on all rows, by what any of the models was found worse in."""
    judged: dict[str, list[str]] = {}
    for report in reports:
        for name, measures in (report.get("worse_than") or {}).items():
            judged.setdefault(name, []).extend(measures)
    baselines = whole.get("baselines", {})
    found = {
        name: [each for each in dict.fromkeys(measures) if worse_in(each, whole, baselines.get(name, {}))]
        for name, measures in judged.items()
    }
    return {name: measures for name, measures in found.items() if measures}
