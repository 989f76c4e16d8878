"""Random yes and no, at half the price of random fractions."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

__all__ = ["draw_yes", "drawn_share"]

_STEPS = 1 << 16
"""How finely a share is told: a draw is half a word of Philox, where a fraction is made of a whole one."""


def drawn_share(share: Any) -> Any:
    """The share that `draw_yes` draws of: the nearest 65,536th, a float32 tensor `()`."""
    return tf.round(share * _STEPS) / _STEPS


def draw_yes(shape: Any, share: Any, seed: Any) -> Any:
    """Draw for each place of a shape whether it is one of a share of all; the same with XLA and without.

    Args:
        shape: Of what is drawn: whole numbers, or a tensor of them.
        share: From 0 to 1, a float32 tensor `()`; see `drawn_share`. Of 1 all are drawn, of 0 a 65,536th.
        seed: Two whole numbers, a tensor `(2,)`.

    Returns:
        A bool tensor of the shape.

    Example:
        >>> kept = draw_yes((248, 64), tf.constant(0.85), tf.constant([7, 1]))
        >>> kept.shape
        TensorShape([248, 64])
    """
    known = not tf.is_tensor(shape) and all(isinstance(size, int) for size in shape)
    count = math.prod(shape) if known else tf.reduce_prod(shape)
    words = tf.random.stateless_uniform([(count + 1) // 2], seed, None, None, tf.uint32)
    halves = tf.reshape(tf.bitcast(words, tf.uint16), [-1])
    drawn = tf.reshape(halves if known and count % 2 == 0 else halves[:count], shape)
    return drawn <= tf.cast(tf.maximum(tf.round(share * _STEPS) - 1, 0), tf.uint16)
