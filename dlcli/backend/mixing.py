"""Samples of a batch mixed with one another, and their labels with them, before Keras's training step sees them.

Keras's layers MixUp and CutMix do the mixing. What they draw is a function of the seed and of the number of updates so
far, which is part of every committed epoch: nothing else has to be kept for a training that is resumed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

__all__ = ["mix_batches", "mixer"]


def mix_batches(model: Any, layers: Sequence[Any], *, seed: int) -> None:
    """Make a model's training step mix each batch. `engine.install`, or plain `fit`, is to come after.

    Args:
        model: A compiled model of one input, images `(batch, height, width, channels)`; its labels are numbers, one-hot
            where they are classes.
        layers: Keras's MixUp or CutMix; each is applied to what the one before has made.
        seed: Decides what is drawn.
    """
    step, mix = model.train_step, mixer(model, layers, seed=seed)

    @functools.wraps(step)
    def train_step(data: Any) -> Any:
        inputs, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        return step(keras.utils.pack_x_y_sample_weight(*mix(inputs, labels), weights))

    model.train_step = train_step


def mixer(model: Any, layers: Sequence[Any], *, seed: int) -> Callable[[Any, Any], tuple[Any, Any]]:
    """From inputs and labels of a batch to mixed ones; arguments as of `mix_batches`."""
    draws = _Counted(seed, model.optimizer.iterations)
    for layer in layers:
        layer.generator = draws

    def mix(inputs: Any, labels: Any) -> tuple[Any, Any]:
        draws.begin()
        for layer in layers:
            inputs, labels = _mixed(layer, inputs, labels)
        return inputs, labels

    return mix


def _mixed(layer: Any, inputs: Any, labels: Any) -> tuple[Any, Any]:
    ((name, images),) = inputs.items()
    images = tf.convert_to_tensor(images)
    change = layer.get_random_transformation({"images": images}, training=True)
    mixed = layer.transform_images(images, change, training=True)
    if images.dtype.is_integer:  # the model takes bytes: half a step of 255 is no matter
        mixed = tf.round(mixed)
    mixed = tf.ensure_shape(tf.cast(mixed, images.dtype), images.shape)

    def of_labels(each: Any) -> Any:
        return tf.cast(layer.transform_labels(tf.cast(each, tf.float32), change, training=True), tf.float32)

    return {name: mixed}, tf.nest.map_structure(of_labels, labels)


class _Counted(keras.random.SeedGenerator):  # type: ignore[misc]
    """Seeds without a state: of the seed, the number of updates so far, and how many were asked for in this one.

    Args:
        seed: Of all of them.
        updates: Keras's counter.
    """

    def __init__(self, seed: int, updates: Any) -> None:
        # Not Keras's own, which makes the variable that there is to be none of.
        self._first = seed
        self._updates = updates
        self._asked = 0

    def begin(self) -> None:
        """Another update begins, or the trace of one."""
        self._asked = 0

    def next(self, ordered: bool = True) -> Any:
        """The next seed, `(2,)`."""
        self._asked += 1
        dtype = keras.src.backend.random_seed_dtype()
        mine = tf.constant((self._first * 0x9E3779B1 + self._asked * 0x85EBCA6B) & 0x7FFFFFFF, dtype)
        return tf.stack([mine, tf.cast(self._updates, dtype)])
