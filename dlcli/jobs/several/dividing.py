"""Folds before anything is trained: how the rows are divided, and that they can be."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema import GroupSplit
from dlcli.data.splits.division import Division
from dlcli.data.stages import divide, fit_targets
from dlcli.data.table.checks import RowLabels, row_labels
from dlcli.data.table.table import Table
from dlcli.errors import DataError, Problem, first_of
from dlcli.jobs.checking import located
from dlcli.jobs.several.job import SeveralJob
from dlcli.jobs.several.members import Member
from dlcli.jobs.several.shared import Shared
from dlcli.training.events import Listener, Notice, Stage

__all__ = ["FoldRows", "Folds", "divide_folds", "divide_job"]

_CHOOSE = ("EarlyStopping", "KeepBest")
"""Callbacks that choose the epoch whose weights the model has."""


@dataclasses.dataclass(frozen=True)
class FoldRows:
    """What a fold is made of.

    Args:
        name: Of its run.
        samples: How many there are of each split.
        classes: For each target of one class a row, and each class of it: how many rows of each split are of it. Of
            windows nothing is said.
        groups: How many groups the rows of each split are of, where rows are divided by groups.
    """

    name: str
    samples: Mapping[str, int]
    classes: Mapping[str, Mapping[str, Mapping[str, int]]] = dataclasses.field(default_factory=dict)
    groups: Mapping[str, int] | None = None


@dataclasses.dataclass(frozen=True)
class Folds:
    """The rows divided into folds.

    Args:
        parts: The folds, one repeat after the other.
        rows: How many there are, those of the test split left aside.
        unvalidated: How many of these no fold is validated on.
    """

    parts: tuple[FoldRows, ...]
    rows: int
    unvalidated: int


def divide_job(job: SeveralJob, shared: Shared, tell: Listener) -> Folds:
    """Divide the rows for each fold before anything is trained, and before TensorFlow is loaded.

    Args:
        job: A cross-validation.
        shared: Reads the table.
        tell: Told of what may not be meant so.

    Raises:
        DataError: See `divide_folds`.
    """
    if notice := _optimistic(job):
        tell(Notice(job.inspection.locate(notice)))
    tell(Stage("reading data"))
    with located(job.inspection):
        table = shared.reader(job.checked.config).checked()
        folds = divide_folds(table, job.members)
        if folds.unvalidated:
            message = f"{folds.unvalidated:,} of {folds.rows:,} rows are validated on by no fold: they come before the "
            message += "first, and are learnt from alone"
            tell(Notice(Problem(message, path="data.split", rule="inferred")))
        for problem in _lacking(folds.parts):
            tell(Notice(job.inspection.locate(problem), warning=True))
        return folds


def divide_folds(table: Table, members: Iterable[Member]) -> Folds:
    """Divide the rows for each fold.

    Args:
        table: Checked.
        members: The folds, one repeat after the other.

    Raises:
        DataError: There are too few rows, or too few of a class or group; a fold has classes that the others do not
            show; a repeat divides the rows as one before it.
    """
    repeats: dict[int, set[bytes]] = {}
    found: list[FoldRows] = []
    labels: dict[str, RowLabels] = {}
    learnt, validated = np.empty(0, np.int64), np.empty(0, np.int64)
    for member in members:
        fold = member.config.data.fold
        assert fold is not None
        own = dataclasses.replace(table, config=table.config.at_fold(fold))
        division = divide(own, seed=member.config.data_seed)
        classes = _classes(own, division, f"fold {fold.number} of {fold.of}")
        found.append(_counted(own, division, member.name, classes, labels))
        learnt = np.union1d(learnt, division.parts["train"].rows)
        validated = np.union1d(validated, division.parts["validation"].rows)
        repeats.setdefault(fold.repeat, set()).add(_held_out(division))
    _require_others(repeats)
    every = np.union1d(learnt, validated)
    return Folds(tuple(found), len(every), len(every) - len(validated))


def _classes(table: Table, division: Division, name: str) -> dict[str, tuple[str, ...]]:
    """The classes that a fold learns."""
    try:
        return fit_targets(table, division)
    except DataError as error:
        problems = [dataclasses.replace(each, message=f"{name}: {each.message}") for each in error.problems]
        raise DataError(problems) from error


def _counted(
    table: Table,
    division: Division,
    name: str,
    classes: Mapping[str, Sequence[str]],
    labels: dict[str, RowLabels],
) -> FoldRows:
    """What a fold is made of. Labels are those of columns that are read already."""
    own = {str(split): part for split, part in division.parts.items() if part.source == "train"}
    samples = {str(split): part.num_samples for split, part in division.parts.items()}
    if table.config.windows is not None:
        return FoldRows(name, samples)

    def label(column: str) -> RowLabels:
        if column not in labels:
            labels[column] = row_labels(table.rows["train"], column)
        return labels[column]

    counts: dict[str, dict[str, dict[str, int]]] = {}
    for target, known in classes.items():
        codes, names = label(table.roles.targets[target][0])
        of_split = {split: _count(codes[part.rows], names) for split, part in own.items()}
        counts[target] = {each: {split: of_split[split].get(each, 0) for split in own} for each in known}
    groups = None
    if isinstance(table.config.split, GroupSplit):
        codes, _ = label(table.config.split.group)
        groups = {split: len(np.unique(codes[part.rows])) for split, part in own.items()}
    return FoldRows(name, samples, counts, groups)


def _count(codes: NDArray[np.int64], names: Sequence[str]) -> dict[str, int]:
    """How often there is each of the names; codes below 0 are none."""
    return dict(zip(names, np.bincount(codes[codes >= 0], minlength=len(names)).tolist(), strict=True))


def _lacking(folds: Sequence[FoldRows]) -> Iterable[Problem]:
    """What is said of folds without a row of some class: their metrics do not tell of it."""
    for target in folds[0].classes:
        without = [
            f"{fold.name} ({', '.join(lacking)})"
            for fold in folds
            if (lacking := [name for name, of in fold.classes[target].items() if not of["validation"]])
        ]
        if without:
            message = f"folds without a row of some classes of {target!r} to be validated on: {first_of(without, 5)}"
            hint = "`split: stratified` has each class in each fold; or fewer folds"
            yield Problem(message, path="data.split", hint=hint, rule="fold-lacks-class")


def _held_out(division: Division) -> bytes:
    """Which samples a fold is validated on, in short."""
    part = division.parts["validation"]
    return hashlib.sha256((part.rows if part.windows is None else part.windows).tobytes()).digest()


def _require_others(repeats: dict[int, set[bytes]]) -> None:
    """Make sure that each repeat divides the rows in a way of its own: else it trains the same models again, and the
    spread is too small.

    Raises:
        DataError: One does not.
    """
    first: dict[frozenset[bytes], int] = {}
    for repeat, folds in repeats.items():
        before = first.setdefault(frozenset(folds), repeat)
        if before != repeat:
            message = f"repeat {repeat} divides the rows as repeat {before} does, and would train the same models again"
            hint = "leave --repeats out: in time, or with a group or a row to each fold, there is one way"
            raise DataError(Problem(message, path="data.split", hint=hint, rule="same-folds"))


def _optimistic(job: SeveralJob) -> Problem | None:
    """What is said where the epoch is chosen on the fold that is scored."""
    for index, callback in enumerate(job.checked.config.callbacks):
        if callback.name in _CHOOSE and str(callback.arguments.get("monitor", "val_loss")).startswith("val_"):
            message = "the epoch of each fold is chosen on the fold itself, so its metrics are a little too good"
            hint = "a test split, which no fold sees, tells how good the mean of the members is"
            return Problem(message, path=f"callbacks[{index}].{callback.name}", hint=hint, rule="chosen-on-fold")
    return None
