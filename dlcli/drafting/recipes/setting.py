"""What a network and its training are chosen by, and what is chosen."""

from __future__ import annotations

import dataclasses
from typing import Literal

from dlcli.drafting.page import Line
from dlcli.drafting.regression.straight import Straight
from dlcli.drafting.task import TRUNK, Task

__all__ = ["Form", "Recipe", "Setting"]

Form = Literal["table", "grid", "image", "series", "sound", "film"]
"""What a sample looks like: a vector, numbers in two dimensions, pixels, steps of several numbers, a sound, a film."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a recipe is chosen by.

    Args:
        task: What is predicted.
        rows: Rows to train on.
        form: What a sample looks like.
        shape: Of a sample, where it is no vector.
        inputs: Features.
        validated: Whether there is a validation split, or folds.
        folds: Parts of the rows that a model each does not learn from; None where one model learns of all.
        absent: Whether classes may have no training row, as where rows are drawn by group.
        expanded: Whether a preset is written out.
        straight: That a line is enough, where it is.
        trunk: What the layer is called that several outputs share.
    """

    task: Task
    rows: int
    form: Form = "table"
    shape: tuple[int, ...] = ()
    inputs: int = 1
    validated: bool = True
    folds: int | None = None
    absent: bool = False
    expanded: bool = False
    straight: Straight | None = None
    trunk: str = TRUNK


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A network and its training, as they are written.

    Args:
        data: What belongs to `data`: the rows an update, and options for all features of a type.
        sections: `model`, `compile`, `fit` and `callbacks`, as far as they are written.
    """

    data: tuple[Line, ...]
    sections: tuple[tuple[Line, ...], ...]
