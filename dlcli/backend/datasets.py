"""Batches as tf.data data sets: gathered ahead, one while another is trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dlcli.errors import DlcliError

__all__ = ["Batched", "dataset", "stack_signature", "stacked_dataset", "stacked_pass", "structure"]

COUNT = tf.TensorSpec((), tf.int32)
"""How many batches of a stack count."""


class Batched(Protocol):
    """Batches and stacks of them; see `dlcli.data.samples.batches.Batches`."""

    epoch: int
    failure: DlcliError | None
    """What a sample could not be made for: TensorFlow, which asks for samples, wraps it into an error of its own."""

    @property
    def steps(self) -> int: ...

    def num_stacks(self, size: int) -> int: ...

    def sample(self) -> Any: ...

    def batch(self, step: int, epoch: int) -> Any: ...

    def stack(self, step: int, size: int, epoch: int) -> tuple[Any, int]: ...


def dataset(batches: Batched) -> tf.data.Dataset:
    """A data set that gives one pass each time it is iterated, (inputs, targets) or with weights.

    Keras also takes a first batch of it to learn its shapes, which does not count as an epoch.
    """
    signature = _signature(batches, free=1)

    def element(step: int) -> Any:
        return structure(batches.batch(step, batches.epoch))

    return _dataset(batches, element, signature, length=batches.steps)


def stacked_dataset(batches: Batched, size: int) -> tf.data.Dataset:
    """A data set of (batch, count) without an end: the stacks of `epoch`, of the one after it, and so on.

    `fit` is to be told `steps_per_epoch=num_stacks(size)`; it then keeps one iterator for all epochs. A new one
    for each costs tens of milliseconds, more than an epoch over a small table.
    """
    first, steps = batches.epoch, batches.num_stacks(size)

    def element(index: int) -> Any:
        nonlocal first
        if index == 0:
            first = batches.epoch
        batch, count = batches.stack(index % steps, size, first + index // steps)
        return structure(batch), np.int32(count)

    return _dataset(batches, element, stack_signature(batches), length=None)


def stacked_pass(batches: Batched, size: int) -> tf.data.Dataset:
    """A data set of (batch, count) that gives the stacks of one pass each time it is iterated."""

    def element(step: int) -> Any:
        batch, count = batches.stack(step, size, batches.epoch)
        return structure(batch), np.int32(count)

    return _dataset(batches, element, stack_signature(batches), length=batches.num_stacks(size))


def stack_signature(batches: Batched) -> Any:
    """The specs of a stack and its count."""
    return _signature(batches, free=2), COUNT


def structure(batch: Any) -> Any:
    """A batch as TensorFlow reads it: a tuple is a structure, a list would be one tensor; no weights, no third part."""
    inputs, targets, weights = batch
    parts = (targets,) if weights is None else (targets, weights)
    return (inputs, *(tuple(part) if isinstance(part, list) else part for part in parts))


def _signature(batches: Batched, *, free: int) -> Any:
    """The specs of the arrays: the first `free` dimensions vary from element to element, a sample tells the others."""

    def spec(array: NDArray[Any]) -> tf.TensorSpec:
        return tf.TensorSpec((None,) * free + array.shape[1:], array.dtype)

    return tf.nest.map_structure(spec, structure(batches.sample()))


def _dataset(batches: Batched, element: Callable[[int], Any], signature: Any, *, length: int | None) -> tf.data.Dataset:
    """A data set of element(0), element(1), ...

    NumPy gathers an element while the one before is trained on, and no more: they may be large. Python's generators
    would do it too, and take ten times longer to start.

    Args:
        batches: Told what fails.
        element: Makes a structure of arrays.
        signature: The same structure of specs.
        length: How many elements; None for no end.
    """
    parts = tf.nest.flatten(signature)

    def gather(index: Any) -> Any:
        try:
            return tf.nest.flatten(element(int(index)))
        except DlcliError as error:
            batches.failure = error
            raise

    def load(index: tf.Tensor) -> Any:
        tensors = tf.numpy_function(gather, [index], [part.dtype for part in parts])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.set_shape(part.shape)
        return tf.nest.pack_sequence_as(signature, tensors)

    indices = tf.data.Dataset.counter() if length is None else tf.data.Dataset.range(length)
    return indices.map(load).prefetch(1)
