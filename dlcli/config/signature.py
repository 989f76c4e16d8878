"""What goes into a model and what comes out of it: the meeting point of the data and the network."""

from __future__ import annotations

import dataclasses
from typing import Literal

__all__ = ["DEFAULT_INPUT", "NO_CLASS", "SPLITS", "InputSpec", "SplitName", "TargetSpec"]

SplitName = Literal["train", "validation", "test"]

SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
"""The splits, in the order in which they are shown."""

DEFAULT_INPUT = "features"
"""The input that holds, as one vector, all features that no layer takes by name."""


NO_CLASS = -1
"""The index where a target has a class at each of several places, and none at one of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a model.

    Args:
        name: `features`, or the name of the feature that has an input of its own.
        shape: The shape of one sample, without the batch dimension.
        dtype: `float32`, or `int32` for indices into a vocabulary.
        named: A layer takes it by name; otherwise it is part of the default input.
        vocabulary: How many different indices there are, for `int32` inputs.
        embedding: Length of the vector to learn for each index; None when no embedding is asked for.
    """

    name: str
    shape: tuple[int, ...]
    dtype: Literal["float32", "int32"] = "float32"
    named: bool = False
    vocabulary: int | None = None
    embedding: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class TargetSpec:
    """One target of a model.

    Args:
        name: The target's name in the config.
        kind: `number`, or `category` for a class.
        width: How many numbers it has (columns of a number target), along its last axis; 1 for a class.
        classes: The class names in the order of their indices; empty for numbers.
        encode: What the config asks of a class target: `auto`, `index` or `one_hot`.
        unit: The target's own unit, when a number target is scaled for training: `(offset, scale)` of each number,
            which is `scaled * scale + offset`. Empty when the numbers are learnt as they are.
        axes: The axes before these: () for one class or vector a sample, (10,) for one at each of ten steps, (160, 160)
            for one at each pixel.
        gaps: Some places along `axes` may hold no class: padding, or what is not to be learnt.
    """

    name: str
    kind: Literal["number", "category"]
    width: int = 1
    classes: tuple[str, ...] = ()
    encode: Literal["auto", "index", "one_hot"] = "auto"
    unit: tuple[tuple[float, float], ...] = ()
    axes: tuple[int, ...] = ()
    gaps: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one encoded sample, without the batch dimension."""
        return self.axes if self.kind == "category" else (*self.axes, self.width)
