"""Batches changed before Keras's training step sees them: in training alone, inputs, labels and weights."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import keras

__all__ = ["Batch", "Change", "change_batches"]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What a training step is given.

    Args:
        inputs: By name.
        labels: An array for one output, a list for several.
        weights: Likewise; None where all weigh the same.
    """

    inputs: Mapping[str, Any]
    labels: Any
    weights: Any


Change: TypeAlias = Callable[[Batch], Batch]
"""From a batch to one that is changed."""


def change_batches(model: Any, changes: Sequence[Change]) -> None:
    """Make a model's training step change each batch first. `engine.install`, or plain `fit`, is to come after.

    Args:
        model: A compiled model.
        changes: Each is given what the one before has made.
    """
    step = model.train_step

    @functools.wraps(step)
    def train_step(data: Any) -> Any:
        batch = Batch(*keras.utils.unpack_x_y_sample_weight(data))
        for change in changes:
            batch = change(batch)
        return step(keras.utils.pack_x_y_sample_weight(dict(batch.inputs), batch.labels, batch.weights))

    model.train_step = train_step
