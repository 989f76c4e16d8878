"""What is to be predicted: which column, and whether it is classes or a number."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Literal

from dlcli.config.options.number_form import NumberForm
from dlcli.data.columns.cells import sort_labels
from dlcli.data.columns.date_formats import fitting_formats
from dlcli.data.lint.cells import Cells
from dlcli.data.types.inference import infer_target
from dlcli.drafting.looking.survey import Tally
from dlcli.errors import DataError, Problem, did_you_mean, first_of

__all__ = ["TRUNK", "Choice", "Task", "as_one", "choose_target", "find_task", "refused"]

USUAL_NAMES = ("target", "label", "labels", "class", "y", "outcome", "response")
"""Of targets, the likeliest first."""

MOST_CLASSES = 1_000

_AFFIRMED = frozenset({"ja", "да", "abnormal", "active", "evet"})
"""Words for what is to be found that stand before their contrary in the alphabet, as `yes` does not."""

TRUNK = "trunk"
"""What the layer is called that the outputs of several targets share."""

LONGEST_OUTPUT = 100
"""Characters of the name of an output."""

TOGETHER = "targets"
"""What several columns are called together."""

_SEPARATORS = ("|", ";", ",")
"""Between several classes of one cell."""

_ROWS_EACH = 3
"""Rows that a class has in the mean, where cells hold several."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """The target's column.

    Args:
        name: The column.
        why: Why it was taken; empty where it was asked for.
    """

    name: str
    why: str = ""


@dataclasses.dataclass(frozen=True)
class Task:
    """What the model is to predict.

    Args:
        target: The column.
        kind: Of its values.
        classes: The names of the classes in their order; none of a number.
        counts: Rows of each class.
        separator: Between the classes of a cell, where it may hold several.
        columns: Those of the numbers, where these are several columns.
        width: Numbers a row.
        missing: Rows without a value.
        why: How it is known.
        form: How its numbers are written, where these are texts.
        output: What the target and its layer are called, where several have an output each.
        parts: These, where there are several.
        shape: Of the picture that a mask is of.
    """

    target: Choice
    kind: Literal["classes", "number", "mask", "several"]
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    width: int = 1
    missing: int = 0
    why: str = ""
    separator: str = ""
    columns: tuple[str, ...] = ()
    form: NumberForm | None = None
    output: str = ""
    parts: tuple[Task, ...] = ()
    shape: tuple[int, ...] = ()

    @property
    def each(self) -> tuple[Task, ...]:
        """What has an output of its own."""
        return self.parts or (self,)

    @property
    def type(self) -> Literal["number", "category", "categories", "image", "several"]:
        """The type of the target."""
        if self.kind == "several":
            return "several"
        if self.kind == "number":
            return "number"
        if self.kind == "mask":
            return "image"
        return "categories" if self.separator else "category"

    @property
    def is_binary(self) -> bool:
        """One of two classes."""
        return len(self.classes) == 2 and not self.separator

    @property
    def described(self) -> str:
        """What is predicted, in words."""
        if self.parts:
            *first, last = (part.described for part in self.parts)
            return f"{', '.join(first)} and {last}"
        if self.kind == "number":
            return "a number" if self.width == 1 else f"{self.width} numbers"
        classes = f"{len(self.classes)} class{'es' * (len(self.classes) != 1)}"
        if self.kind == "mask":
            return f"{classes} of pixels"
        return f"any of {classes}" if self.separator else classes

    @property
    def named(self) -> str:
        """The columns that are predicted, in words."""
        return ", ".join(map(repr, self.columns or (self.target.name,)))

    @property
    def rarest(self) -> int:
        """Rows of the class that has the fewest."""
        return min(self.counts, default=0)


def choose_target(names: Sequence[str], asked: str | None, *, class_of_files: str | None = None) -> Choice:
    """The target among the columns: the one asked for, one with a usual name, or the last.

    Args:
        names: The columns.
        asked: What was asked for.
        class_of_files: The column that tells the class of a file, where each row is one.

    Raises:
        DataError: There is no such column, or none at all.
    """
    if asked is not None:
        if asked in names:
            return Choice(asked)
        hint = did_you_mean(asked, names) or f"the columns are {first_of(names, 20) or 'none'}"
        raise DataError(Problem(f"there is no column {asked!r}", path="--target", hint=hint, rule="missing-column"))
    if len(names) < 2:
        listed = f"the only column is {names[0]!r}" if names else "there are no columns"
        hint = "give a table of features and a target"
        raise DataError(Problem(f"{listed}, and a target needs features beside it", hint=hint, rule="no-target"))
    if class_of_files is not None:
        return Choice(class_of_files, "guessed: files of a class lie in a folder of their own")
    for usual in USUAL_NAMES:
        for name in names:
            if name.strip().casefold() == usual:
                return Choice(name, f"guessed from its name: --target names another of {first_of(names, 8)}")
    return Choice(names[-1], f"guessed: it is the last column; --target names another of {first_of(names, 8)}")


def find_task(target: Choice, cells: Cells, tally: Tally) -> Task:
    """What a target's values make of the task.

    Args:
        target: Its column.
        cells: Its first values.
        tally: All of its values.

    Raises:
        DataError: It cannot be learnt: all is missing, one value, dates, an id, an array of classes.
    """
    if cells.is_array:
        return _arrays(target, cells)
    if not tally.counts:
        raise refused(target, "has no values", "name another target, or fill it in")
    inferred, note, doubts = infer_target(list(cells.chunks), cells.info, classification=None, units=None)
    note = "; ".join([note, *(f"{doubt.message.partition(', and ')[2]}: {doubt.hint}" for doubt in doubts)])
    two = len(tally.counts) == 2 and not tally.more
    if inferred.kind == "number" and not two:
        return _number(target, cells, tally, note)
    if inferred.kind == "number":
        note = "two values, so they are taken for classes"
    return _classes(target, tally, note)


def _number(target: Choice, cells: Cells, tally: Tally, note: str) -> Task:
    if (large := cells.too_large) is not None:
        raise refused(
            target, f"has {large:g}, which no network can take", "mend such cells, or predict their logarithm"
        )
    if len(tally.counts) == 1 and not tally.more:
        value = next(iter(tally.counts))
        raise refused(target, f"has one value, {value}, in all rows", "there is nothing to learn: name another target")
    return Task(target, "number", missing=tally.missing, why=note)


def _classes(target: Choice, tally: Tally, note: str) -> Task:
    names = sort_labels(list(tally.counts))
    if len(names) == 1 and not tally.more:
        raise refused(target, f"has one value, {names[0]!r}, in all rows", "there is nothing to learn from it")
    if (several := _several(target, tally)) is not None:
        return several
    if _are_dates(tally, names):
        raise refused(
            target, f"holds dates, such as {names[0]!r}", "a date is no class: predict the days until it, as a number"
        )
    if tally.more or len(names) > MOST_CLASSES:
        raise refused(
            target,
            f"has more than {MOST_CLASSES:,} different texts",
            "a class is learnt from several rows: is it an id?",
        )
    total = tally.present
    if len(names) > 2 and len(names) > max(total / 2, 3):
        raise refused(
            target,
            f"has {len(names):,} different values in {total:,} rows",
            "a class is learnt from several rows: name another target, or is it an id or free text?",
        )
    if len(names) == 2 and names[0].strip().casefold() in _AFFIRMED:
        names.reverse()
        note = f"{note}; the second is the positive one"
    counts = tuple(tally.counts[name] for name in names)
    return Task(target, "classes", tuple(names), counts, missing=tally.missing, why=note)


def as_one(tasks: Sequence[Task], taken: Collection[str]) -> Task:
    """Several tasks as one: numbers stand side by side, and where some are of classes each has an output of its own.

    Args:
        tasks: The tasks.
        taken: Names that no output may have.
    """
    if len(tasks) == 1:
        return tasks[0]
    names = tuple(task.target.name for task in tasks)
    missing = sum(task.missing for task in tasks)
    if any(task.kind != "number" or task.width != 1 or task.form is not None for task in tasks):
        parts = tuple(
            dataclasses.replace(task, output=name) for task, name in zip(tasks, _outputs(names, taken), strict=True)
        )
        return Task(Choice(TOGETHER), "several", missing=missing, why="", columns=names, parts=parts)
    why = f"{len(names)} numbers, predicted side by side"
    return Task(Choice(TOGETHER), "number", width=len(names), missing=missing, why=why, columns=names)


def _outputs(names: Sequence[str], taken: Collection[str]) -> list[str]:
    """What layers are called that predict columns: as these, unless Keras could not have it."""
    found: list[str] = []
    for name in names:
        free = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:LONGEST_OUTPUT].strip("-") or "output"
        while free in (*found, *taken) or free == TRUNK:
            free += "_"
        found.append(free)
    return found


def _several(target: Choice, tally: Tally) -> Task | None:
    """The task where cells hold several classes, as `cat|dog`: then their parts are few, and each is there often."""
    for mark in _SEPARATORS:
        if sum(mark in name for name in tally.counts) < max(len(tally.counts) / 2, 2):
            continue
        rows: Counter[str] = Counter()
        for name, count in tally.counts.items():
            for part in {part.strip() for part in name.split(mark)} - {""}:
                rows[part] += count
        # Of `Doe, Jane` each part belongs to one text, and there are more parts than texts.
        apart = 1 < len(rows) < len(tally.counts) and len(rows) <= MOST_CLASSES
        if apart and sum(rows.values()) >= _ROWS_EACH * len(rows):
            names = sort_labels(list(rows))
            why = f"several of {len(names)} classes in a cell, parted by {mark!r}; an empty one has none"
            counts = tuple(rows[name] for name in names)
            return Task(target, "classes", tuple(names), counts, why=why, separator=mark)
    return None


def _arrays(target: Choice, cells: Cells) -> Task:
    inferred, note, _ = infer_target(list(cells.chunks), cells.info, classification=None, units=None)
    if inferred.kind != "number" or len(cells.info.shape) != 1:
        hint = "docs/data.md shows how such targets are written; configs/masks.yaml and configs/topics.yaml have some"
        raise refused(target, f"is {note}, for which no network is drafted", hint)
    return Task(target, "number", width=cells.info.shape[0], why=note)


def _are_dates(tally: Tally, names: Sequence[str]) -> bool:
    if tally.moments and tally.present:
        return True
    return bool(fitting_formats(names[:1000]))


def refused(target: Choice, what: str, hint: str) -> DataError:
    """A fault of a target that cannot be learnt: what it is or has, and the way out."""
    why = f" ({target.why})" if target.why else ""
    message = f"the target {target.name!r} {what}{why}"
    return DataError(Problem(message, path="--target", hint=hint, rule="unusable-target"))
