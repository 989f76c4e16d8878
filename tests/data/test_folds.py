"""Folds: each row in one of them, of about the same size, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.schema import Fold
from dlcli.data.splits.folds import fold_rows
from dlcli.errors import DataError


def folds_of(rows: int, of: int, how: Any, **more: Any) -> list[dict[Any, Any]]:
    return [fold_rows(rows, Fold(number=number, of=of), how=how, seed=3, **more) for number in range(1, of + 1)]


@given(rows=st.integers(2, 60), of=st.integers(2, 8), seed=st.integers(0, 2**32 - 1), repeat=st.integers(1, 3))
def test_each_row_is_validated_on_once(rows: int, of: int, seed: int, repeat: int) -> None:
    if rows < of:
        return
    found = [
        fold_rows(rows, Fold(number=number, of=of, repeat=repeat), how="random", seed=seed)
        for number in range(1, of + 1)
    ]
    assert sorted(np.concatenate([fold["validation"] for fold in found]).tolist()) == list(range(rows))
    sizes = [len(fold["validation"]) for fold in found]
    assert max(sizes) - min(sizes) <= 1
    for fold in found:
        assert sorted([*fold["train"], *fold["validation"]]) == list(range(rows))


def test_classes_are_dealt_evenly() -> None:
    labels = np.repeat([0, 1, 2], [7, 20, 13])
    for fold in folds_of(40, 4, "stratified", labels=labels):
        counts = np.bincount(labels[fold["validation"]], minlength=3)
        assert counts.sum() == 10
        assert (np.abs(counts - np.array([7, 20, 13]) / 4) < 1).all()


def test_a_group_is_in_one_fold() -> None:
    labels = np.array([0, 1, 1, 2, 2, 2, 3, 0, 4, 4])
    found = folds_of(10, 3, "group", labels=labels)
    for fold in found:
        assert not set(labels[fold["train"]]) & set(labels[fold["validation"]])
    assert sorted(np.concatenate([fold["validation"] for fold in found]).tolist()) == list(range(10))


def test_in_time_nothing_is_learnt_from_what_comes_after() -> None:
    found = folds_of(12, 3, "ordered")
    for fold in found:
        assert fold["train"].max() < fold["validation"].min()
    assert [len(fold["train"]) for fold in found] == [3, 6, 9]
    assert np.concatenate([fold["validation"] for fold in found]).tolist() == list(range(3, 12))


@given(times=st.lists(st.integers(0, 12), min_size=12, max_size=40).map(sorted), of=st.integers(2, 4))
def test_in_time_an_instant_is_in_one_fold(times: list[int], of: int) -> None:
    labels = np.searchsorted(times, times)
    try:
        found = folds_of(len(times), of, "ordered", labels=labels)
    except DataError:  # of too few instants
        return
    for fold in found:
        assert max(times[row] for row in fold["train"]) < min(times[row] for row in fold["validation"])
    validated = np.concatenate([fold["validation"] for fold in found])
    assert validated.tolist() == list(range(int(validated.min()), len(times)))


def test_repeats_divide_otherwise() -> None:
    one, other = (
        fold_rows(50, Fold(number=1, of=5, repeat=repeat), how="random", seed=0)["validation"] for repeat in (1, 2)
    )
    assert one.tolist() != other.tolist()


@pytest.mark.parametrize(
    ("how", "labels", "rule"),
    [
        ("random", None, "too-few-rows"),
        ("ordered", None, "too-few-rows"),
        ("stratified", [0, 0, 0, 0, 1], "rare-class"),
        ("group", [0, 0, 1, 1, 1], "too-few-groups"),
    ],
)
def test_too_few(how: Any, labels: Any, rule: str) -> None:
    rows, of = (5, 3) if labels else (2, 3)
    with pytest.raises(DataError) as refusal:
        fold_rows(rows, Fold(number=1, of=of), how=how, seed=0, labels=None if labels is None else np.array(labels))
    assert refusal.value.problems[0].rule == rule
