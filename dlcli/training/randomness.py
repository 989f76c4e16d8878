"""The random numbers of plain `fit`, under XLA, and fast.

A layer such as Dropout draws from a function of a seed. TensorFlow's kernels turn the seed into a key and a counter,
draw bits with Philox 4x32-10 (Salmon et al., SC11), and make floating point numbers of the lower bits. XLA left to
itself draws with another algorithm, makes numbers of the upper bits, and on the CPU computes key and counter again
for each number: 470 ns a number, where a training step of a small network takes 30 microseconds in all.

Here XLA draws the same bits, behind barriers that keep it from computing anything twice, and makes the same numbers
of them: 10 ns each. So a network with random layers trains alike with XLA and without.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla
from tensorflow.python.ops import gen_stateless_random_ops_v2 as operations

__all__ = ["as_in_fit"]

PHILOX, AUTOMATIC = tf.random.Algorithm.PHILOX.value, tf.random.Algorithm.AUTO_SELECT.value

# dtype: an unsigned integer of its size, the bits of its mantissa, the bits of 1.0
FORMATS = {
    tf.float32: (tf.uint32, 23, 127 << 23),
    tf.float16: (tf.uint16, 10, 15 << 10),
    tf.bfloat16: (tf.uint16, 7, 127 << 7),
}

LEAST = 1e-7
"""What TensorFlow takes instead of a smaller number before it takes the logarithm."""


@contextlib.contextmanager
def as_in_fit() -> Iterator[None]:
    """Trace for XLA: uniform, normal and whole numbers are those that TensorFlow's kernels draw from the same seed.

    Other distributions, 64-bit numbers, and negative seeds (Keras has none) stay XLA's.
    """
    # All of `tf.random.stateless_*`, and so all of Keras, comes to these.
    names = ("stateless_random_uniform_v2", "stateless_random_normal_v2", "stateless_random_uniform_int_v2")
    uniform, normal, whole = originals = [getattr(operations, name) for name in names]
    ours = (_instead_of(uniform, _uniform), _instead_of(normal, _normal), _instead_of_whole(whole))
    for name, operation in zip(names, ours, strict=True):
        setattr(operations, name, operation)
    try:
        yield
    finally:
        for name, operation in zip(names, originals, strict=True):
            setattr(operations, name, operation)


def _instead_of(original: Callable[..., Any], draw: Callable[..., Any]) -> Callable[..., Any]:
    """An operation of the same signature that draws as the kernels do, where it can."""

    def operation(
        shape: Any, key: Any, counter: Any, alg: Any, dtype: Any = tf.float32, name: str | None = None
    ) -> Any:
        wanted = tf.as_dtype(dtype)
        if wanted in FORMATS and isinstance(alg, int) and alg in (PHILOX, AUTOMATIC):
            return draw(shape, *xla.optimization_barrier(key, counter), wanted)
        return original(shape, key, counter, alg, dtype, name)

    return operation


def _instead_of_whole(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same for whole numbers between two."""

    def operation(
        shape: Any, key: Any, counter: Any, alg: Any, minval: Any, maxval: Any, name: str | None = None
    ) -> Any:
        if minval.dtype != tf.int32 or not isinstance(alg, int) or alg not in (PHILOX, AUTOMATIC):
            return original(shape, key, counter, alg, minval, maxval, name)
        bits = _bits(shape, *xla.optimization_barrier(key, counter))
        return minval + tf.bitcast(bits % tf.bitcast(maxval - minval, tf.uint32), tf.int32)

    return operation


def _bits(shape: Any, key: Any, counter: Any) -> Any:
    """Random bits, uint32 of a shape."""
    bits = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=shape, key=key, counter=counter, alg=PHILOX, dtype=tf.uint32
    )
    return xla.optimization_barrier(bits)[0]


def _between_0_and_1(bits: Any, dtype: Any) -> Any:
    """The lowest bits as the mantissa of a number from 1 to 2, less 1."""
    unsigned, mantissa, one = FORMATS[dtype]
    fraction = tf.cast(bits & tf.constant((1 << mantissa) - 1, tf.uint32), unsigned)
    return tf.bitcast(fraction | tf.constant(one, unsigned), dtype) - tf.ones((), dtype)


def _uniform(shape: Any, key: Any, counter: Any, dtype: Any) -> Any:
    return _between_0_and_1(_bits(shape, key, counter), dtype)


def _normal(shape: Any, key: Any, counter: Any, dtype: Any) -> Any:
    """Two numbers of two, by Box and Muller's method."""
    count = tf.reduce_prod(shape)
    pairs = _between_0_and_1(_bits([(count + 1) // 2, 2], key, counter), tf.float32)
    radius = tf.sqrt(-2 * tf.math.log(tf.maximum(pairs[:, 0], LEAST)))
    angle = 2 * math.pi * pairs[:, 1]
    numbers = tf.stack([tf.sin(angle) * radius, tf.cos(angle) * radius], axis=1)
    return tf.cast(tf.reshape(tf.reshape(numbers, [-1])[:count], shape), dtype)
