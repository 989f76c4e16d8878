"""How far apart two runs are, and what of their circumstances is another."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.runs.comparing import Apart, Difference, compare_history, compare_metrics, differences

numbers = st.floats(allow_nan=True, allow_infinity=True)
rows = st.lists(st.dictionaries(st.sampled_from(["epoch", "seconds", "loss", "val_loss", "mae"]), numbers), max_size=5)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
SECTIONS = ("versions", "hardware", "data", "code", "execution", "device", "metrics")
records = st.dictionaries(st.sampled_from(SECTIONS), anything)


@given(rows)
def test_what_is_the_same_is_not_apart(history: list[dict[str, float]]) -> None:
    later = [{**row, "seconds": 7.0, "rows_per_second": 1.0} for row in history]
    assert compare_history(history, later) == []


@given(rows, rows)
def test_apart_is_the_same_from_both_sides(one: list[dict[str, float]], other: list[dict[str, float]]) -> None:
    def order(apart: Apart) -> str:
        return apart.name

    assert sorted(compare_history(one, other), key=order) == sorted(compare_history(other, one), key=order)


def test_the_first_and_the_greatest_are_told() -> None:
    one = [{"loss": 1.0, "mae": 2.0}, {"loss": 0.5, "mae": 2.0}, {"loss": 0.25, "mae": 1.0}]
    other = [{"loss": 1.0, "mae": 2.0}, {"loss": 0.4, "mae": 2.0}, {"loss": 0.5, "mae": 1.0}]
    assert compare_history(one, other) == [Apart("loss", 0.25, 0.5, epoch=2, worst=3)]


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_no_number_is_infinitely_far(value: float | None) -> None:
    other = [{} if value is None else {"loss": value}]
    assert compare_history([{"loss": 1.0}], other) == [Apart("loss", math.inf, math.inf, epoch=1, worst=1)]
    assert compare_history(other, other) == []


def test_a_shorter_run_lacks_the_end() -> None:
    (apart,) = compare_history([{"loss": 1.0}, {"loss": 0.5}], [{"loss": 1.0}])
    assert (apart.epoch, apart.absolute) == (2, math.inf)


def test_metrics_of_the_end_are_named_by_split() -> None:
    one = {"train": {"loss": 1.0}, "test": {"loss": 2.0, "auc": None}}
    other = {"train": {"loss": 1.0}, "test": {"loss": 1.0, "auc": None}}
    assert compare_metrics(one, other) == [Apart("test.loss", 1.0, 0.5)]


@given(anything, anything)
def test_metrics_that_somebody_has_edited_are_compared(one: Any, other: Any) -> None:
    compare_metrics(one, other)
    assert compare_metrics(one, one) == []


@given(records, records)
def test_records_that_somebody_has_edited_are_compared(one: dict[str, Any], other: dict[str, Any]) -> None:
    differences(one, other)
    assert differences(one, one) == []


def test_circumstances() -> None:
    before = {
        "versions": {"keras": "3.15.0", "dlcli": "0.1.0"},
        "hardware": {"cpus": 2},
        "device": "cpu",
        "data": {"train": [{"path": "/a/rows.csv", "bytes": 3, "sha256": "ab"}]},
        "code": {"code/own.py": "12"},
        "execution": {"mode": "xla", "stack": 3},
    }
    moved = {"train": [{"path": "/b/rows.csv", "bytes": 3, "sha256": "ab"}]}
    assert differences(before, {**before, "data": moved}) == []
    now = {**before, "versions": {"keras": "3.15.1", "dlcli": "0.1.0", "numpy": "2"}, "code": {"code/own.py": "13"}}
    assert set(differences(before, now)) == {
        Difference("versions.keras", "3.15.0", "3.15.1"),
        Difference("versions.numpy", "none", "2"),
        Difference("code/own.py", "12", "13"),
    }
    assert differences({**before, "execution": None, "code": None}, before) == []
