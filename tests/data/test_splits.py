"""Splits partition the rows, whatever the rows are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.signature import SplitName
from dlcli.data.splits.partition import split_rows, split_sizes
from dlcli.errors import DataError

fractions_ = st.sampled_from(
    [{}, {"validation": 0.2}, {"test": 0.3}, {"validation": 0.2, "test": 0.1}, {"validation": 0.45, "test": 0.45}]
)
seeds = st.integers(0, 2**32 - 1)


def check_partition(splits: dict[SplitName, np.ndarray], num_rows: int, fractions: dict[SplitName, float]) -> None:
    assert set(splits) == {"train", *fractions}
    for rows in splits.values():
        assert len(rows) > 0
        assert np.array_equal(rows, np.sort(rows))
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(num_rows))


@given(st.integers(20, 300), fractions_, st.sampled_from(["random", "ordered"]), seeds)
def test_random_and_ordered_partition(num_rows: int, fractions: dict[SplitName, float], how: str, seed: int) -> None:
    splits = split_rows(num_rows, fractions=fractions, how=how, seed=seed)  # type: ignore[arg-type]
    check_partition(splits, num_rows, fractions)
    assert {name: len(rows) for name, rows in splits.items()} == split_sizes(num_rows, fractions)
    for name, fraction in fractions.items():
        assert abs(len(splits[name]) - num_rows * fraction) <= 0.5 + 1e-9
    again = split_rows(num_rows, fractions=fractions, how=how, seed=seed)  # type: ignore[arg-type]
    assert all(np.array_equal(splits[name], again[name]) for name in splits)
    if how == "ordered":
        assert np.array_equal(np.concatenate([splits[name] for name in splits]), np.arange(num_rows))


@given(st.lists(st.integers(0, 4), min_size=30, max_size=300), fractions_, seeds)
def test_stratified_keeps_the_proportions(classes: list[int], fractions: dict[SplitName, float], seed: int) -> None:
    labels = np.array(classes, np.int64)
    counts = np.bincount(labels)
    enough = counts[counts > 0].min() >= 1 + len(fractions)
    if fractions and not enough:
        with pytest.raises(DataError) as caught:
            split_rows(len(labels), fractions=fractions, how="stratified", seed=seed, labels=labels)
        assert caught.value.problems[0].rule == "rare-class"
        return
    splits = split_rows(len(labels), fractions=fractions, how="stratified", seed=seed, labels=labels)
    check_partition(splits, len(labels), fractions)
    sizes = split_sizes(len(labels), fractions)
    for label in np.unique(labels):
        quotas = {name: counts[label] * size / len(labels) for name, size in sizes.items()}
        assert np.any(labels[splits["train"]] == label)
        # With a row or two left over in train, every held-out split is exact to a row.
        if quotas["train"] >= 3:
            for name in fractions:
                assert abs(np.sum(labels[splits[name]] == label) - quotas[name]) < 1


@given(
    st.lists(st.integers(5, 30), min_size=2, max_size=5),
    fractions_.filter(lambda parts: parts and sum(parts.values()) < 0.5),
)
def test_stratified_sizes_are_those_of_a_random_split(counts: list[int], fractions: dict[SplitName, float]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    splits = split_rows(len(labels), fractions=fractions, how="stratified", seed=1, labels=labels)
    assert {name: len(rows) for name, rows in splits.items()} == split_sizes(len(labels), fractions)


@given(st.lists(st.integers(0, 30), min_size=30, max_size=300), fractions_, seeds)
def test_groups_are_never_shared(groups: list[int], fractions: dict[SplitName, float], seed: int) -> None:
    labels = np.array(groups, np.int64)
    if len(np.unique(labels)) < 1 + len(fractions):
        return
    splits = split_rows(len(labels), fractions=fractions, how="group", seed=seed, labels=labels)
    check_partition(splits, len(labels), fractions)
    parts = [set(labels[rows].tolist()) for rows in splits.values()]
    assert sum(map(len, parts)) == len(set().union(*parts))
    largest = np.bincount(labels).max()
    for name, size in split_sizes(len(labels), fractions).items():
        assert len(splits[name]) - size <= largest


def test_fractions_are_of_all_the_rows() -> None:
    assert split_sizes(150, {"validation": 0.2, "test": 0.1}) == {"train": 105, "validation": 30, "test": 15}
    assert split_sizes(100, {"validation": 0.29}) == {"train": 71, "validation": 29}


def test_seeds_make_a_difference() -> None:
    first, second = (split_rows(100, fractions={"test": 0.5}, how="random", seed=seed)["test"] for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_the_split_of_a_seed_never_changes() -> None:
    """A run's test split must be found again by every later version."""
    splits = split_rows(20, fractions={"validation": 0.2, "test": 0.1}, how="random", seed=7)
    assert splits["test"].tolist() == [11, 13]
    assert splits["validation"].tolist() == [3, 6, 7, 9]


@pytest.mark.parametrize(
    ("num_rows", "fractions", "rules"),
    [
        (2, {"validation": 0.5, "test": 0.3}, ["too-few-rows"]),
        (0, {}, ["too-few-rows"]),
        (10, {"validation": 0.01, "test": 0.02}, ["empty-split", "empty-split"]),
        (3, {"validation": 0.5, "test": 0.45}, ["empty-split"]),
    ],
)
def test_empty_splits_are_faults(num_rows: int, fractions: dict[SplitName, float], rules: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        split_rows(num_rows, fractions=fractions, how="random", seed=0)
    assert [problem.rule for problem in caught.value.problems] == rules
    assert all(f"{num_rows} rows" in problem.message for problem in caught.value.problems)
    assert all(problem.hint for problem in caught.value.problems)


def test_too_few_groups() -> None:
    with pytest.raises(DataError) as caught:
        split_rows(9, fractions={"validation": 0.3, "test": 0.3}, how="group", seed=0, labels=np.arange(9) % 2)
    assert caught.value.problems[0].rule == "too-few-groups"


def test_rare_classes_are_named() -> None:
    labels = np.array([0] * 50 + [1])
    with pytest.raises(DataError) as caught:
        split_rows(51, fractions={"test": 0.2}, how="stratified", seed=0, labels=labels, label_names=("yes", "no"))
    assert "'no' (1 row)" in caught.value.problems[0].message
