"""Images changed at random together with what is learnt of each of their pixels, before Keras's training step.

Of each of Keras's layers a transformation is drawn, once for both: what moves pixels moves their labels, and what
changes colours leaves these alone. Classes come from the nearest pixel, numbers as the images do. Where nothing of an
image is left, and a layer fills up, nothing is learnt.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from dlcli.backend.augmentation.changing import Batch, Change
from dlcli.backend.augmentation.draws import CountedSeeds

__all__ = ["Augmentation", "Follower", "mover"]


@dataclasses.dataclass(frozen=True, slots=True)
class Augmentation:
    """A layer that changes images at random.

    Args:
        layer: Keras's, computing in float32.
        numbers: The same for numbers of any size, where it moves pixels; None where it changes colours.
        masks: The same again, filling up with zeros.
        fills: It may fill up: pixels come from nowhere.
    """

    layer: Any
    numbers: Any = None
    masks: Any = None
    fills: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Follower:
    """Labels that are moved with the images of an input.

    Args:
        output: The place of their output among all.
        are_numbers: They are numbers, `(batch, height, width, channels)`; else classes, `(batch, height, width)`, or as
            0 and 1 along another axis.
        unit: Of numbers, `(offset, scale)` of each channel: in this unit a layer fills up. Empty: in their own.
    """

    output: int
    are_numbers: bool
    unit: tuple[tuple[float, float], ...] = ()


@dataclasses.dataclass(slots=True, eq=False)
class _Moving:
    """What is on its way through the layers; all `(batch, height, width, channels)` float32.

    Args:
        images: From 0 to 255.
        labels: Of each follower.
        weights: Of each place of a follower; None where a sample has one weight.
        inside: 1 where there is something of the image; None where nothing fills up.
    """

    images: Any
    labels: list[Any]
    weights: list[Any]
    inside: Any


def mover(model: Any, name: str, layers: Sequence[Augmentation], followers: Sequence[Follower], *, seed: int) -> Change:
    """What changes the images of an input, and moves labels with them.

    Args:
        model: A compiled model.
        name: The input: images `(batch, height, width, channels)` of bytes.
        layers: Each is applied to what the one before has made.
        followers: The labels.
        seed: Decides what is drawn.
    """
    draws = CountedSeeds(seed, model)
    for each in layers:
        each.layer.generator = draws
    fills = any(each.fills for each in layers)

    def move(batch: Batch) -> Batch:
        draws.begin()
        labels, weights = _listed(batch.labels), _listed(batch.weights)
        weights = weights or [None] * len(labels)
        images = tf.convert_to_tensor(batch.inputs[name])
        floats = tf.cast(images, tf.float32)
        moving = _Moving(
            floats,
            [_as_pixels(labels[each.output], each) for each in followers],
            [_of_places(weights[each.output]) for each in followers],
            tf.ones_like(floats[..., :1]) if fills else None,
        )
        for each in layers:
            _apply(each, moving, followers)
        for follower, values, places in zip(followers, moving.labels, moving.weights, strict=True):
            labels[follower.output] = _as_labels(values, labels[follower.output], follower)
            own = weights[follower.output] if places is None else places[..., 0]
            weights[follower.output] = own if moving.inside is None else _inside(own, moving.inside[..., 0])
        bytes_ = tf.cast(tf.round(tf.clip_by_value(moving.images, 0.0, 255.0)), images.dtype)
        inputs = {**batch.inputs, name: tf.ensure_shape(bytes_, images.shape)}
        return Batch(inputs, _like(labels, batch.labels), _like(_complete(weights, images), batch.labels))

    return move


def _apply(each: Augmentation, moving: _Moving, followers: Sequence[Follower]) -> None:
    change = each.layer.get_random_transformation({"images": moving.images}, training=True)
    begin = _drawing_later(change)

    def as_image(layer: Any, values: Any) -> Any:
        begin()
        moved = layer.transform_images(values, change, training=True)
        return tf.ensure_shape(tf.cast(moved, tf.float32), values.shape)

    def as_mask(values: Any) -> Any:
        begin()
        moved = each.masks.transform_segmentation_masks(values, change, training=True)
        return tf.ensure_shape(tf.cast(moved, tf.float32), values.shape)

    moving.images = as_image(each.layer, moving.images)
    if each.masks is not None:
        moving.labels = [
            as_image(each.numbers, values) if follower.are_numbers else as_mask(values)
            for follower, values in zip(followers, moving.labels, strict=True)
        ]
        moving.weights = [None if places is None else as_mask(places) for places in moving.weights]
        moving.inside = None if moving.inside is None else as_mask(moving.inside)


def _drawing_later(change: Any) -> Callable[[], None]:
    """Keras's RandomElasticTransform draws when it is applied: what makes it draw the same each time."""
    seeds = change.get("seed") if isinstance(change, dict) else None
    if not isinstance(seeds, CountedSeeds):
        return lambda: None
    change["seed"] = again = seeds.branch()
    return again.begin


def _as_pixels(labels: Any, follower: Follower) -> Any:
    values = tf.cast(tf.convert_to_tensor(labels), tf.float32)
    if follower.unit:
        offset, scale = _unit(follower)
        values = values * scale + offset
    return values[..., None] if len(values.shape) == 3 else values


def _as_labels(values: Any, before: Any, follower: Follower) -> Any:
    before = tf.convert_to_tensor(before)
    if follower.unit:
        offset, scale = _unit(follower)
        values = (values - offset) / scale
    values = values[..., 0] if len(before.shape) == 3 else values
    return tf.ensure_shape(tf.cast(tf.round(values) if before.dtype.is_integer else values, before.dtype), before.shape)


def _unit(follower: Follower) -> tuple[Any, Any]:
    offsets, scales = zip(*follower.unit, strict=True)
    return tf.constant(offsets, tf.float32), tf.constant(scales, tf.float32)


def _of_places(weights: Any) -> Any:
    return None if weights is None or len(weights.shape) < 3 else tf.cast(weights, tf.float32)[..., None]


def _inside(weights: Any, inside: Any) -> Any:
    """The weights of places `(batch, height, width)`: none where nothing is left of the image."""
    if weights is None:
        return inside
    weights = tf.cast(weights, tf.float32)
    return inside * (weights if len(weights.shape) > 1 else weights[:, None, None])


def _complete(weights: list[Any], images: Any) -> list[Any] | None:
    """Weights of all outputs, or of none."""
    if all(each is None for each in weights):
        return None
    ones = tf.ones(tf.shape(images)[:1])
    return [ones if each is None else each for each in weights]


def _listed(values: Any) -> list[Any]:
    return [] if values is None else list(values) if isinstance(values, (list, tuple)) else [values]


def _like(values: list[Any] | None, structure: Any) -> Any:
    """One, or a list, as the labels are."""
    return values if values is None or isinstance(structure, (list, tuple)) else values[0]
