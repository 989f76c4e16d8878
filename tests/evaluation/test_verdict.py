"""Worse than a constant."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.evaluation.report import ClassReport, NumberReport
from dlcli.evaluation.verdict import worse_than_guessing


def rules(report: ClassReport | NumberReport, *, weighted: bool = False) -> list[str]:
    return [one.rule for one in worse_than_guessing({"y": report.result()}, rows="these rows", weighted=weighted)]


@pytest.mark.parametrize(("predicted", "rule"), [([1.0, 2.0, 3.0], []), ([3.0, 2.0, 1.0], ["worse-than-mean"])])
def test_numbers(predicted: list[float], rule: list[str]) -> None:
    report = NumberReport(("y",))
    report.add(np.array([[1.0], [2.0], [3.0]]), np.array(predicted)[:, np.newaxis])
    assert rules(report) == rule


def test_the_mean_itself_and_constants_are_not_worse() -> None:
    for true in ([1.0, 3.0], [2.0, 2.0]):
        report = NumberReport(("y",))
        report.add(np.array(true)[:, np.newaxis], np.full((2, 1), 2.0))
        assert rules(report) == []


@pytest.mark.parametrize(
    ("predicted", "rule"), [([0, 0, 0, 0], []), ([0, 0, 0, 1], []), ([1, 1, 1, 1], ["worse-than-majority"])]
)
def test_classes(predicted: list[int], rule: list[str]) -> None:
    report = ClassReport(("a", "b"))
    report.add(np.array([0, 0, 0, 1]), np.array(predicted))
    assert rules(report) == rule
    assert rules(report, weighted=True) == []
