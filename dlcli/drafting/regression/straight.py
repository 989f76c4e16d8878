"""Whether a linear model is enough for a small table: where curves tell no more of rows that they have not learnt.

A network finds curves in a few hundred rows where there are none. On wine, breast cancer and diabetes it was worse than
a linear model by two to three points.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.data.lint.cells import Cells
from dlcli.drafting.columns import Column
from dlcli.drafting.regression.curves import families
from dlcli.drafting.regression.penalized import Predicted, cross_validate, losses
from dlcli.drafting.task import Task

__all__ = ["Straight", "look_for_line"]

Numbers = NDArray[np.float64]

FEWEST_ROWS, MOST_ROWS, MOST_OF_FOLDS = 30, 3_000, 1_000
"""Of more rows a network learns what is straight too, one for each fold from fewer on (docs/decisions/0070); and of
fewest nothing can be told."""

MOST_CELLS = 12_000
"""Rows times classes, which decide the time of looking."""

MOST_INPUTS = 32
"""With a column for each category."""

MOST_CLASSES = 20

FEWEST_OF_A_CLASS = 5

_FOLDS = 5

_PENALTIES = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)

_BENT_PENALTIES = (1e-3, 1e-2, 1e-1)

_REPEATS = 3
"""Other folds and other curves each time: one time can be luck."""

_SURE, _WORTH, _MORE = 2.5, 0.03, 0.01
"""Standard errors by which curves must be better to be believed; the part of the loss that they must take away, and of
the rows (or of R2) that they must get right beyond a line, to be worth a network: docs/decisions/0064."""

_PLAIN = 1.0, 4.0
"""Standard errors below which, and beyond which, the first time tells."""

_FIRST_ROWS = 800
"""Of more, so many are looked at first: where they show curves plainly, that is enough."""

_LEAST = 1e-12
"""Nothing is divided by less."""

_MORE_ROWS = 600
"""Up to which so much more is needed; of more rows chance is less, by the root of their number."""

_NEARLY_ALL = 0.9
"""The part of the rows of one class from which on hardly a row more can be got right, however much is learnt."""

_KINDS = ("number", "category", "boolean")
"""Types of features that are looked at here."""

_FAR = 4.0
"""Spreads beyond which a value counts no more."""


@dataclasses.dataclass(frozen=True)
class Straight:
    """A line is enough.

    Args:
        penalty: The best that was tried, as Keras's `L2` takes it.
        why: The reason, with what was found.
    """

    penalty: float
    why: str


def look_for_line(columns: Sequence[Column], target: Cells, task: Task, *, folds: bool = False) -> Straight | None:
    """Compare a line with curves in rows that they have not learnt; None where curves are better, or nobody can tell.

    Args:
        columns: The features, all rows of them.
        target: The target.
        task: What is predicted.
        folds: A network for each fold would be drafted.
    """
    classes = task.kind == "classes"
    rows = len(target.column)
    most = MOST_OF_FOLDS if folds else MOST_ROWS
    if not FEWEST_ROWS <= rows - task.missing <= most or task.width > 1 or task.separator or target.is_array:
        return None
    if classes and (len(task.classes) > MOST_CLASSES or task.rarest < FEWEST_OF_A_CLASS):
        return None
    if rows * len(task.classes) > MOST_CELLS:
        return None
    used = [column for column in columns if column.used]
    if any(column.cells.is_array or column.feature_type not in _KINDS for column in used):
        return None
    wanted = _of_classes(target, task) if classes else _of_numbers(target)
    inputs = _inputs(used, rows)
    if wanted is None or inputs is None:
        return None
    known = np.isfinite(wanted).all(1)
    scaled = _scaled(inputs[known])
    return _compared(scaled, wanted[known], classes=classes) if scaled.shape[1] else None


def _compared(inputs: Numbers, targets: Numbers, *, classes: bool) -> Straight | None:
    if not classes:
        targets = (targets - targets.mean(0)) / targets.std(0)
    if len(inputs) > _FIRST_ROWS:
        part = np.random.default_rng(0).permutation(len(inputs))[:_FIRST_ROWS]
        told = _told([_found(inputs[part], targets[part], 0, classes=classes)], targets[part], classes=classes)
        if told.plain and told.curved:
            return None
    found: list[tuple[Predicted, Numbers]] = []
    for repeat in range(_REPEATS):
        found.append(_found(inputs, targets, repeat, classes=classes))
        told = _told(found, targets, classes=classes)
        if told.plain:
            break
    return None if told.curved else Straight(found[0][0].penalty, _words(told, classes=classes))


@dataclasses.dataclass(frozen=True)
class _Told:
    """What the repeats that were made tell, in the mean.

    Args:
        gain: What curves take away from the loss: a part of it.
        errors: The same, in standard errors.
        rights: How good the line is, and how good curves are.
        more: By how much these have to be better.
    """

    gain: float
    errors: float
    rights: tuple[float, float]
    more: float

    @property
    def sure(self) -> bool:
        return self.errors > _SURE

    @property
    def curved(self) -> bool:
        line, bent = self.rights
        return self.sure and self.gain > _WORTH and bent > line + self.more

    @property
    def plain(self) -> bool:
        """Whether other folds would not change it."""
        line, bent = self.rights
        far = self.errors > _PLAIN[1] and self.gain > 2 * _WORTH and bent > line + 2 * self.more
        return self.errors < _PLAIN[0] or far


def _told(found: Sequence[tuple[Predicted, Numbers]], targets: Numbers, *, classes: bool) -> _Told:
    sides = [line.values for line, _ in found], [curved for _, curved in found]
    line, bent = (np.mean([losses(each, targets, classes=classes) for each in side], axis=0) for side in sides)
    one, other = (float(np.mean([_right(each, targets, classes=classes) for each in side])) for side in sides)
    gain = line - bent
    error = max(float(gain.std()) / np.sqrt(len(gain)), _LEAST)
    more = _MORE * min(np.sqrt(_MORE_ROWS / len(gain)), 1)
    if classes and targets.mean(0).max() >= _NEARLY_ALL:
        more = -np.inf
    return _Told(float(gain.mean()) / max(float(line.mean()), _LEAST), float(gain.mean()) / error, (one, other), more)


def _found(inputs: Numbers, targets: Numbers, repeat: int, *, classes: bool) -> tuple[Predicted, Numbers]:
    """What a line says of rows that it has not learnt, and what curves say in the mean."""
    random = np.random.default_rng(repeat)
    folds = random.permutation(len(inputs)) % _FOLDS
    line = cross_validate(inputs, targets, folds, _PENALTIES, classes=classes)
    bent = [
        cross_validate(np.column_stack([inputs, curves]), targets, folds, _BENT_PENALTIES, classes=classes).values
        for curves in families(inputs, random=random)
    ]
    return line, np.mean(bent, axis=0)


def _right(values: Numbers, targets: Numbers, *, classes: bool) -> float:
    """The part of the rows whose class is right; of numbers the coefficient of determination."""
    if classes:
        return float((values.argmax(1) == targets.argmax(1)).mean())
    return float(1 - ((values - targets) ** 2).mean() / targets.var())


def _words(told: _Told, *, classes: bool) -> str:
    line, bent = told.rights
    one, other = (f"{each:.1%}" if classes else f"{each:.2f}" for each in told.rights)
    what = "rows that are right" if classes else "R2"
    chance = (", which is little" if told.sure else ", which may be chance") if bent > line else ""
    return f"in cross-validation {what}: {one}, and {other} by curves{chance}; its L2 is the best of several"


def _of_classes(target: Cells, task: Task) -> Numbers:
    """(rows, classes): 1 at a row's class; NaN where it has none."""
    order = {name: place for place, name in enumerate(task.classes)}
    places = np.array([order.get(name, -1) for name in target.names] + [-1])[target.codes]
    wanted = np.full((len(places), len(task.classes)), np.nan)
    wanted[places >= 0] = np.eye(len(task.classes))[places[places >= 0]]
    return wanted


def _of_numbers(target: Cells) -> Numbers | None:
    return None if target.numbers is None else target.numbers[:, np.newaxis]


def _inputs(columns: Sequence[Column], rows: int) -> Numbers | None:
    """(rows, inputs): numbers as they are, with a mark where one is missing, and a column for each category."""
    made: list[Numbers] = []
    for column in columns:
        numbers = column.cells.numbers if column.feature_type == "number" else None
        if numbers is not None:
            empty = np.isnan(numbers)
            made.append(np.where(empty, np.nanmedian(numbers), numbers) if empty.any() else numbers)
            made += [empty.astype(np.float64)] if empty.any() else []
        else:
            made += [(column.cells.codes == place).astype(np.float64) for place in range(len(column.cells.different))]
        if len(made) > MOST_INPUTS:
            return None
    return np.column_stack(made) if made and len(made[0]) == rows else None


def _scaled(inputs: Numbers) -> Numbers:
    spread = inputs.std(0)
    inputs, spread = inputs[:, spread > 0], spread[spread > 0]
    scaled: Numbers = np.clip((inputs - inputs.mean(0)) / spread, -_FAR, _FAR)
    return scaled
