"""Folds: rows divided into parts of about the same size, each of which is validated on once."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema import Fold
from dlcli.config.signature import SplitName
from dlcli.errors import DataError, Problem, first_of

__all__ = ["fold_rows", "grow"]

Rows = NDArray[np.int64]

_STREAM = 2**63
"""Second half of the random generator's key, less the repeat's number; splits and epochs have others there."""


def fold_rows(
    num_rows: int,
    fold: Fold,
    *,
    how: Literal["random", "stratified", "ordered", "group"],
    seed: int,
    labels: NDArray[np.int64] | None = None,
    label_names: tuple[str, ...] = (),
) -> dict[SplitName, Rows]:
    """The rows that a fold is trained on and validated on.

    Args:
        num_rows: How many there are, those of the test split left aside.
        fold: Which.
        how: `random`; `stratified`, each label in the same proportion in every fold; `group`, all rows of a label in
            one fold; `ordered`, see `grow`.
        seed: The same seed gives the same folds; each repeat others.
        labels: `(num_rows,)` the class or the group of every row, for `stratified` and `group`; for `ordered` where it
            stands in time, of the same instant the same: that is in one fold. None: no two are of the same.
        label_names: What the labels stand for, for messages.

    Returns:
        Ascending row numbers, from 0, of `train` and `validation`.

    Raises:
        DataError: There are too few rows, or too few of a class, or too few groups.

    Example:
        >>> [fold_rows(5, Fold(number=n, of=2), how="ordered", seed=0)["validation"].tolist() for n in (1, 2)]
        [[1, 2], [3, 4]]
    """
    parts = fold.of + (how == "ordered")
    if num_rows < parts:
        what = f"{fold.of} folds" + (" and what comes before the first" if how == "ordered" else "")
        message = f"{num_rows} row{'s' * (num_rows != 1)} cannot be divided into {what}"
        raise DataError(Problem(message, path="data.fold", hint="fewer folds, or more rows", rule="too-few-rows"))
    random = np.random.Generator(np.random.Philox(key=np.array([seed, _STREAM - fold.repeat], np.uint64)))
    if how == "ordered":
        return grow(np.arange(num_rows) if labels is None else labels, fold)
    homes = np.empty(num_rows, np.int64)
    if how == "random":
        homes[random.permutation(num_rows)] = np.arange(num_rows) % fold.of
    else:
        assert labels is not None
        deal = _by_class if how == "stratified" else _by_group
        homes = deal(labels, fold.of, random, label_names)
    chosen = homes == fold.number - 1
    return {"train": np.flatnonzero(~chosen), "validation": np.flatnonzero(chosen)}


def grow(places: NDArray[np.int64], fold: Fold) -> dict[SplitName, Rows]:
    """Folds in time: a fold is what comes next, and is trained on all before it. Nothing after it is looked at.

    Args:
        places: `(rows,)` where each row stands in time, from 0; of the same instant the same.
        fold: Which.

    Returns:
        Row numbers of `train` and `validation`; an instant is in one of them.

    Raises:
        DataError: There are too few instants.
    """
    ordered = np.sort(places)
    # A part before the first fold, and one for each.
    bounds = [ordered[len(ordered) * part // (fold.of + 1)] for part in range(1, fold.of + 1)]
    if len(np.unique([ordered[0], *bounds])) <= fold.of:
        message = f"there are too few instants for {fold.of} folds in time and what comes before the first"
        hint = "fewer folds: all rows of an instant are in one of them"
        raise DataError(Problem(message, path="data.fold", hint=hint, rule="too-few-rows"))
    begin = bounds[fold.number - 1]
    end = bounds[fold.number] if fold.number < fold.of else ordered[-1] + 1
    return {"train": np.flatnonzero(places < begin), "validation": np.flatnonzero((places >= begin) & (places < end))}


def _by_class(
    labels: NDArray[np.int64], folds: int, random: np.random.Generator, names: tuple[str, ...]
) -> NDArray[np.int64]:
    """The fold of each row; the classes are dealt one after the other, so that the sizes are equal too."""
    classes, counts = np.unique(labels, return_counts=True)
    rare = [
        (names[label] if names else str(label), int(count))
        for label, count in zip(classes, counts, strict=True)
        if count < folds
    ]
    if rare:
        listed = first_of((f"'{name}' ({count} row{'s' * (count != 1)})" for name, count in rare), 5)
        message = f"{folds} stratified folds need {folds} rows of every class; too few: {listed}"
        hint = "fewer folds, more rows, or split: random"
        raise DataError(Problem(message, path="data.split", hint=hint, rule="rare-class"))
    homes, dealt = np.empty(len(labels), np.int64), 0
    for label in classes:
        rows = random.permutation(np.flatnonzero(labels == label))
        homes[rows] = (dealt + np.arange(len(rows))) % folds
        dealt += len(rows)
    return homes


def _by_group(
    labels: NDArray[np.int64], folds: int, random: np.random.Generator, names: tuple[str, ...]
) -> NDArray[np.int64]:
    """The fold of each row: whole groups, the largest first, each to the smallest fold; chance parts equals."""
    groups, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(groups) < folds:
        message = f"{len(groups)} group{'s' * (len(groups) != 1)} cannot be divided into {folds} folds"
        hint = "fewer folds: all rows of a group stay in one of them"
        raise DataError(Problem(message, path="data.split", hint=hint, rule="too-few-groups"))
    order = random.permutation(len(groups))
    order = order[np.argsort(-counts[order], kind="stable")]
    sizes, home = np.zeros(folds, np.int64), np.empty(len(groups), np.int64)
    for group in order:
        home[group] = np.argmin(sizes)
        sizes[home[group]] += counts[group]
    return np.asarray(home[inverse])
