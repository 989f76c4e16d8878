"""Which rows are trained on, validated on and tested on: an exact partition, a function of the seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.config.signature import SplitName
from dlcli.errors import DataError, Problem, first_of

__all__ = ["SplitName", "split_rows", "split_sizes"]

Rows = NDArray[np.int64]

_STREAM = 2**64 - 1
"""Second half of the random generator's key; the epochs' orders use the epoch's number there."""


def split_rows(
    num_rows: int,
    *,
    fractions: Mapping[SplitName, float],
    how: Literal["random", "stratified", "ordered", "group"],
    seed: int,
    labels: NDArray[np.int64] | None = None,
    label_names: tuple[str, ...] = (),
) -> dict[SplitName, Rows]:
    """Divide rows into splits that share nothing and leave nothing out.

    Args:
        num_rows: How many rows there are.
        fractions: Of all the rows, for `validation` and `test`; `train` is the rest.
        how: `random`; `stratified`, each label in the same proportion in every split; `ordered`, the last rows are the
            test split and those before them the validation split; `group`, all rows of a label in one split.
        seed: The same seed gives the same rows.
        labels: `(num_rows,)` the class or the group of every row, for `stratified` and `group`.
        label_names: What the labels stand for, for messages.

    Returns:
        Ascending row numbers, from 0, of `train` and of every split in `fractions`.

    Raises:
        DataError: A split would be empty, or a class or a group has too few rows.

    Example:
        >>> {name: len(rows) for name, rows in split_rows(
        ...     150, fractions={"validation": 0.2, "test": 0.1}, how="random", seed=7).items()}
        {'train': 105, 'validation': 30, 'test': 15}
    """
    sizes = split_sizes(num_rows, fractions)
    if not fractions:
        return {"train": np.arange(num_rows, dtype=np.int64)}
    random = np.random.Generator(np.random.Philox(key=np.array([seed, _STREAM], np.uint64)))
    match how:
        case "random":
            order = random.permutation(num_rows)
        case "ordered":
            order = np.arange(num_rows)
        case "stratified":
            assert labels is not None
            return _stratified(labels, sizes, random, label_names)
        case "group":
            assert labels is not None
            return _grouped(labels, sizes, random)
    splits: dict[SplitName, Rows] = {}
    start = 0
    for name, size in sizes.items():
        # Marked and found rather than sorted, which takes several times as long.
        chosen = np.zeros(num_rows, np.bool_)
        chosen[order[start : start + size]] = True
        splits[name] = np.flatnonzero(chosen)
        start += size
    return splits


def split_sizes(num_rows: int, fractions: Mapping[SplitName, float]) -> dict[SplitName, int]:
    """Rows of each split, in the order train, validation, test; fractions are rounded to whole rows.

    Raises:
        DataError: A split would be empty.
    """
    held_out: dict[SplitName, int] = {
        name: int(num_rows * fractions[name] + 0.5) for name in ("validation", "test") if name in fractions
    }
    sizes: dict[SplitName, int] = {"train": num_rows - sum(held_out.values()), **held_out}
    if num_rows < len(sizes):
        raise DataError(
            Problem(
                f"{_rows(num_rows)} cannot be divided into {len(sizes)} splits ({', '.join(sizes)})",
                path="data.train",
                hint="every split needs at least one row; add rows, or leave splits out",
                rule="too-few-rows",
            )
        )
    problems = []
    for name, size in sizes.items():
        if size > 0:
            continue
        if name == "train":
            taken = sum(fractions.values())
            message = f"validation and test take {taken:g} of {_rows(num_rows)}, which leaves none to train on"
            problems.append(Problem(message, path="data.train", hint="make the fractions smaller", rule="empty-split"))
        else:
            problems.append(
                Problem(
                    f"{fractions[name]:g} of {_rows(num_rows)} is no row: the {name} split would be empty",
                    path=f"data.{name}",
                    hint=f"at least {0.5 / num_rows:.2g} is needed for a row",
                    rule="empty-split",
                )
            )
    if problems:
        raise DataError(problems)
    return sizes


def _stratified(
    labels: NDArray[np.int64], sizes: Mapping[SplitName, int], random: np.random.Generator, names: tuple[str, ...]
) -> dict[SplitName, Rows]:
    """Whole rows of each class by the largest remainder, so that the sizes of the splits hold exactly."""
    classes, counts = np.unique(labels, return_counts=True)
    rare = [(names[label] if names else str(label), int(count)) for label, count in zip(classes, counts, strict=True)]
    rare = [(name, count) for name, count in rare if count < len(sizes)]
    if rare:
        listed = first_of((f"'{name}' ({_rows(count)})" for name, count in rare), 5)
        raise DataError(
            Problem(
                f"a stratified split into {len(sizes)} needs as many rows of every class; too few: {listed}",
                path="data.split",
                hint="add rows, leave these classes out, or split: random",
                rule="rare-class",
            )
        )
    num_rows = len(labels)
    free = counts - 1  # One row of every class stays in train.
    shares: dict[SplitName, NDArray[np.int64]] = {}
    for name in reversed(list(sizes)):
        if name == "train":
            continue
        share = np.minimum(counts * sizes[name] // num_rows, free)
        remainder = counts * sizes[name] % num_rows
        # Of equal remainders the larger class gives first; it is least changed by it.
        order = np.lexsort((-counts, -remainder))
        while share.sum() < sizes[name] and (share < free).any():
            for place in order:
                if share.sum() < sizes[name] and share[place] < free[place]:
                    share[place] += 1
        shares[name] = share
        free = free - share
    splits: dict[SplitName, list[Rows]] = {name: [] for name in sizes}
    for place, label in enumerate(classes):
        rows = random.permutation(np.flatnonzero(labels == label))
        start = 0
        for name, share in shares.items():
            splits[name].append(rows[start : start + share[place]])
            start += int(share[place])
        splits["train"].append(rows[start:])
    return {name: np.sort(np.concatenate(parts)).astype(np.int64) for name, parts in splits.items()}


def _grouped(
    labels: NDArray[np.int64], sizes: Mapping[SplitName, int], random: np.random.Generator
) -> dict[SplitName, Rows]:
    """Whole groups, the largest first, each to the split that lacks most; chance decides between equals."""
    groups, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(groups) < len(sizes):
        raise DataError(
            Problem(
                f"{len(groups)} group{'s' * (len(groups) != 1)} cannot be divided into {len(sizes)} splits",
                path="data.split",
                hint="all rows of a group stay in one split; more groups are needed, or another split",
                rule="too-few-groups",
            )
        )
    order = random.permutation(len(groups))
    order = order[np.argsort(-counts[order], kind="stable")]
    names = list(sizes)
    lacking = np.array([sizes[name] for name in names], dtype=np.int64)
    empty = set(range(len(names)))
    home = np.empty(len(groups), dtype=np.int64)
    for left, group in zip(range(len(groups), 0, -1), order, strict=True):
        open_ = sorted(empty) if left == len(empty) else range(len(names))
        best = max(open_, key=lambda place: int(lacking[place]))
        home[group] = best
        lacking[best] -= counts[group]
        empty.discard(best)
    return {name: np.flatnonzero(home[inverse] == place).astype(np.int64) for place, name in enumerate(names)}


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count != 1)}"
