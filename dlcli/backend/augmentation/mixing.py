"""Samples of a batch mixed with one another, and their labels with them, before Keras's training step sees them.

Keras's layers MixUp and CutMix do the mixing. What they draw is a function of the seed and of the number of updates so
far; see `draws`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from dlcli.backend.augmentation.changing import Batch, Change
from dlcli.backend.augmentation.draws import CountedSeeds

__all__ = ["mixer"]


def mixer(model: Any, layers: Sequence[Any], *, seed: int) -> Change:
    """What mixes a batch.

    Args:
        model: A compiled model whose inputs are images of one shape, `(batch, height, width, channels)`; its labels are
            numbers, one-hot where they are classes, or with CutMix alone a class for each pixel.
        layers: Keras's MixUp or CutMix; each is applied to what the one before has made.
        seed: Decides what is drawn.
    """
    draws = CountedSeeds(seed, model)
    for layer in layers:
        layer.generator = draws

    def mix(batch: Batch) -> Batch:
        draws.begin()
        return functools.reduce(lambda mixed, layer: _mixed(layer, mixed), layers, batch)

    return mix


def _mixed(layer: Any, batch: Batch) -> Batch:
    """All inputs, labels and weights of places mixed by the same shares, or by the same cut, with the same partners."""
    inputs = {name: tf.convert_to_tensor(images) for name, images in batch.inputs.items()}
    first = next(iter(inputs.values()))
    change = layer.get_random_transformation({"images": first}, training=True)
    size = tuple(first.shape[1:3])

    def of_images(images: Any) -> Any:
        mixed = layer.transform_images(images, change, training=True)
        if images.dtype.is_integer:  # the model takes bytes: half a step of 255 is no matter
            mixed = tf.round(mixed)
        return tf.ensure_shape(tf.cast(mixed, images.dtype), images.shape)

    def of_places(values: Any) -> Any:
        return _of_places(tf.convert_to_tensor(values), change, size)

    labels = tf.nest.map_structure(of_places, batch.labels)
    # What a sample weighs stays: of a mixed one it is the first's.
    weights = batch.weights
    if weights is not None:
        weights = tf.nest.map_structure(lambda each: of_places(each) if len(each.shape) > 2 else each, weights)
    return Batch({name: of_images(images) for name, images in inputs.items()}, labels, weights)


def _of_places(values: Any, change: Any, size: tuple[int, ...]) -> Any:
    """Labels or weights, `(batch, ...)`: those of pixels are cut as these are, all others mixed by the share."""
    values = tf.convert_to_tensor(values)
    others = tf.gather(values, change["permutation_order"])
    if "batch_masks" in change and tuple(values.shape[1:3]) == size:
        cut = change["batch_masks"][..., 0]
        return tf.where(tf.reshape(cut, [-1, *size, *[1] * (len(values.shape) - 3)]), others, values)
    share = tf.reshape(tf.cast(change["mix_weight"], tf.float32), [-1, *[1] * (len(values.shape) - 1)])
    return share * tf.cast(values, tf.float32) + (1.0 - share) * tf.cast(others, tf.float32)
