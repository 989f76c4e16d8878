"""What goes into a model and what comes out of it: the meeting point of the data and the network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

__all__ = [
    "DEFAULT_INPUT",
    "NO_CLASS",
    "SPLITS",
    "EntranceLayer",
    "InputDtype",
    "InputSpec",
    "SplitName",
    "TargetSpec",
    "middle",
]

SplitName = Literal["train", "validation", "test"]

SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
"""The splits, in the order in which they are shown."""

DEFAULT_INPUT = "features"
"""The input that holds, as one vector, all features that no layer takes by name."""


NO_CLASS = -1
"""The index where a target has a class at each of several places, and none at one of them."""

InputDtype = Literal["float32", "int32", "uint8"]


@dataclasses.dataclass(frozen=True, slots=True)
class EntranceLayer:
    """A layer that an input passes before any layer of the config sees it.

    Args:
        name: Keras's, or one of the user's own.
        arguments: Of its constructor; components among them in the notation.
        place: Where in the feature the config asks for it, such as `("augment", 0)`; empty when the type adds it.
    """

    name: str
    arguments: Mapping[str, Any]
    place: tuple[str | int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a model.

    Args:
        name: `features`, or the name of the feature that has an input of its own.
        shape: The shape of one sample, without the batch dimension.
        dtype: `float32`, `int32` for indices into a vocabulary, `uint8` for the bytes of pixels.
        named: A layer takes it by name; otherwise it is part of the default input.
        vocabulary: How many different indices there are, for `int32` inputs and for whole numbers left as they are;
            None where an index makes no sense.
        embedding: Length of the vector to learn for each index; None when no embedding is asked for.
        deviation: Of the normal numbers that these vectors begin with; None for what Keras draws.
        steps: Its first axis is that of the steps of a window.
        entrance: Layers that stand between the input and those of the config, from the first on.
        masked: Index 0 is padding, which what is learnt for indices passes over.
    """

    name: str
    shape: tuple[int, ...]
    dtype: InputDtype = "float32"
    named: bool = False
    vocabulary: int | None = None
    embedding: int | None = None
    entrance: tuple[EntranceLayer, ...] = ()
    steps: bool = False
    masked: bool = False
    deviation: float | None = None

    @property
    def is_single(self) -> bool:
        """Whether it is one index, and no sequence of them."""
        return self.embedding is not None and self.shape in ((), (1,)) and not self.steps and not self.masked


@dataclasses.dataclass(frozen=True, slots=True)
class TargetSpec:
    """One target of a model.

    Args:
        name: The target's name in the config.
        kind: `number`, `category` for a class, or `categories` for any number of classes at once.
        width: How many numbers it has along its last axis: the columns of a number target, the classes of a set; 1 for
            a class.
        classes: The class names in the order of their indices; empty for numbers.
        separator: What stands between the classes of a set in a cell; empty where a cell is a list.
        encode: What the config asks of a class target: `auto`, `index` or `one_hot`.
        unit: The target's own unit, when a number target is scaled for training: `(offset, scale)` of each number,
            which is `scaled * scale + offset`. Empty when the numbers are learnt as they are.
        axes: The axes before these: () for one class or vector a sample, (10,) for one at each of ten steps, (160, 160)
            for one at each pixel.
        measured: The numbers are measured by a level of each sample, which is undone when they are decoded.
        gaps: Some places along `axes` may hold no class: padding, or what is not to be learnt.
        pixels: The numbers, in their own unit, are from 0 to 255: they are an image's.
        quantiles: Of numbers: those of its distribution that are learnt of each, ascending; none where one number is.
    """

    name: str
    kind: Literal["number", "category", "categories"]
    width: int = 1
    classes: tuple[str, ...] = ()
    encode: Literal["auto", "index", "one_hot"] = "auto"
    unit: tuple[tuple[float, float], ...] = ()
    separator: str = ""
    axes: tuple[int, ...] = ()
    gaps: bool = False
    measured: bool = False
    pixels: bool = False
    quantiles: tuple[float, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one encoded sample, without the batch dimension."""
        return self.axes if self.kind == "category" else (*self.axes, self.width)


def middle(quantiles: Sequence[float]) -> int:
    """The place of the median among quantiles, or of what is nearest to it; of two alike that of the lower.

    Example:
        >>> middle((0.1, 0.5, 0.9)), middle((0.8, 0.9)), middle((0.4, 0.6))
        (1, 0, 0)
    """
    return min(range(len(quantiles)), key=lambda place: round(abs(quantiles[place] - 0.5), 12))
