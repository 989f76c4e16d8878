"""Updates of weights that are one operation of TensorFlow's, where Keras's own are some thirty."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["is_of_some_rows", "update_by_adam"]


def is_of_some_rows(gradient: Any) -> bool:
    """Whether a gradient is of some rows of its weight alone, as an embedding's is."""
    return isinstance(gradient, tf.IndexedSlices)


def update_by_adam(
    variable: Any, momentum: Any, velocity: Any, gradient: Any, *, rate: Any, betas: Any, powers: Any, epsilon: float
) -> None:
    """Adam's update of one weight, in place: Keras's formula in the operation `ResourceApplyAdam`.

    Args:
        variable: The `tf.Variable` of the weight, any shape.
        momentum: Its `tf.Variable` of the mean gradient.
        velocity: That of the mean squared gradient.
        gradient: A tensor of its shape.
        rate: The learning rate.
        betas: `beta_1` and `beta_2`.
        powers: Both to the power of the step, counted from 1.
        epsilon: What is added to the root of the velocity.
    """
    numbers = (*powers, rate, *betas, epsilon, gradient)
    names = ("beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon", "grad")
    given = {name: tf.cast(number, variable.dtype) for name, number in zip(names, numbers, strict=True)}
    tf.raw_ops.ResourceApplyAdam(var=variable.handle, m=momentum.handle, v=velocity.handle, **given)
