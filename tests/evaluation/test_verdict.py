"""Worse than a constant: told where the model is, and not where it is as good."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcli.evaluation.verdict import worse_than_guessing

MEAN = {"is": "always predicting the mean", "mae": 2.0, "rmse": 3.0}
MEDIAN = {"is": "always predicting the median", "mae": 1.0, "rmse": 4.0, "pinball": 1.0}
MAJORITY = {"is": "always predicting 'a'", "accuracy": 0.75, "log_loss": 0.5}


def rules(report: dict[str, Any], *, weighted: bool = False) -> list[str]:
    return [one.rule for one in worse_than_guessing({"y": report}, rows="these rows", weighted=weighted)]


@pytest.mark.parametrize(
    ("worse", "rule"),
    [
        ({}, []),
        ({"mean": ["rmse"], "median": ["mae"]}, ["worse-than-mean"]),
        ({"median": ["mae"]}, []),
        ({"median": ["mae", "pinball"]}, ["worse-than-mean"]),
        ({"seasonal": ["mae"]}, ["worse-than-mean"]),
    ],
)
def test_numbers(worse: dict[str, list[str]], rule: list[str]) -> None:
    baselines = {"mean": MEAN, "median": MEDIAN, "seasonal": MEDIAN}
    assert rules({"mae": 1.5, "rmse": 3.5, "pinball": 2.0, "baselines": baselines, "worse_than": worse}) == rule


@pytest.mark.parametrize(
    ("worse", "rule"),
    [([], []), (["accuracy"], ["worse-than-majority"]), (["accuracy", "log_loss"], ["worse-than-majority"])],
)
def test_classes(worse: list[str], rule: list[str]) -> None:
    report = {"accuracy": 0.5, "log_loss": 0.7, "baselines": {"majority": MAJORITY}}
    report |= {"worse_than": {"majority": worse}} if worse else {}
    assert rules(report) == rule
    assert rules(report, weighted=True) == []


def test_probabilities_that_are_too_sure_are_for_the_report() -> None:
    report = {"accuracy": 0.9, "log_loss": 0.7, "baselines": {"majority": MAJORITY}}
    assert rules({**report, "worse_than": {"majority": ["log_loss"]}}) == []


def test_without_a_baseline_r2_tells() -> None:
    assert rules({"mae": 1.0, "r2": -0.1}) == ["worse-than-mean"]
    assert rules({"mae": 1.0, "r2": 0.1}) == rules({"mae": 1.0, "r2": None}) == []
    assert rules({"nearest_accuracy": 0.2}) == []


def test_the_words_have_both_figures() -> None:
    report = {"rmse": np.float64(3.5), "baselines": {"mean": MEAN}, "worse_than": {"mean": ["rmse"]}}
    (problem,) = worse_than_guessing({"y": report}, rows="the test split", weighted=False)
    assert "always predicting the mean: RMSE 3.5, and 3, on the test split" in problem.message
