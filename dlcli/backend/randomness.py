"""The random numbers of plain `fit`, under XLA, and fast.

A layer such as Dropout draws from a function of a seed. TensorFlow's kernels turn the seed into a key and a counter,
draw bits with Philox 4x32-10 (Salmon et al., SC11), and make floating point numbers of the lower bits. XLA left to
itself draws with another algorithm, makes numbers of the upper bits, and on the CPU computes key and counter again
for each number: 470 ns a number, where a training step of a small network takes 30 microseconds in all.

Here XLA draws the same bits, behind barriers that keep it from computing anything twice, and makes the same numbers
of them: 10 ns each. So a network with random layers trains alike with XLA and without. What is drawn otherwise
(categories, truncated normals, gamma) is found in the traced graph by `foreign_draws`; the loop then runs without XLA.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla
from tensorflow.python.framework import op_def_registry
from tensorflow.python.ops import gen_stateless_random_ops_v2 as operations

__all__ = ["Draws", "as_in_fit", "foreign_draws"]

PHILOX, AUTOMATIC = tf.random.Algorithm.PHILOX.value, tf.random.Algorithm.AUTO_SELECT.value

# dtype: an unsigned integer of its size, the bits of its mantissa, the bits of 1.0
FORMATS = {
    tf.float64: (tf.uint64, 52, 1023 << 52),
    tf.float32: (tf.uint32, 23, 127 << 23),
    tf.float16: (tf.uint16, 10, 15 << 10),
    tf.bfloat16: (tf.uint16, 7, 127 << 7),
}

WHOLE = {tf.int32: tf.uint32, tf.uint32: tf.uint32, tf.int64: tf.uint64, tf.uint64: tf.uint64}
"""Whole numbers, and the unsigned ones that hold their bits."""

SCRAMBLE = 0x02461E293EC8F720
"""The key by which TensorFlow makes keys and counters of seeds."""

LEAST = 1e-7
"""What TensorFlow takes instead of a smaller number before it takes the logarithm."""

OURS = "drawn_as_in_fit"
"""The name, in a graph, of the draws made here."""


@contextlib.contextmanager
def as_in_fit() -> Iterator[None]:
    """Trace for XLA: uniform, normal and whole numbers are those that TensorFlow's kernels draw from the same seed."""
    # All of `tf.random.stateless_*`, and so all of Keras, comes to these.
    ours: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
        "stateless_random_get_key_counter": lambda _: _key_and_counter,
        "stateless_random_uniform_v2": lambda original: _instead_of(original, _uniform),
        "stateless_random_normal_v2": lambda original: _instead_of(original, _normal),
        "stateless_random_uniform_int_v2": _instead_of_whole,
        "stateless_random_uniform_full_int_v2": _instead_of_bits,
    }
    originals = {name: getattr(operations, name) for name in ours}
    for name, instead in ours.items():
        setattr(operations, name, instead(originals[name]))
    try:
        yield
    finally:
        for name, operation in originals.items():
            setattr(operations, name, operation)


@dataclasses.dataclass(frozen=True, slots=True)
class Draws:
    """Random draws of a graph that are not those of plain `fit` under XLA.

    Args:
        stateless: The nodes that draw from a seed, as kernels do and XLA does not.
        stateful: The nodes that draw from a state of TensorFlow's own, whose numbers depend on the whole graph.
    """

    stateless: tuple[str, ...] = ()
    stateful: tuple[str, ...] = ()


def foreign_draws(graph: Any) -> Draws:
    """What a traced function draws that `as_in_fit` did not make.

    Args:
        graph: A `FuncGraph`; the functions inside it are looked at too.
    """
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for inner in definition.library.function for node in inner.node_def)]
    drawing = [node for node in nodes if _draws(node.op) and OURS not in node.name]
    stateful = [node.name for node in drawing if op_def_registry.get(node.op).is_stateful]
    return Draws(tuple(node.name for node in drawing if node.name not in stateful), tuple(stateful))


def _draws(operation: str) -> bool:
    if operation.startswith("StatelessRandomGet"):  # keys and algorithms: no numbers of their own
        return False
    return re.search(r"Random|Multinomial|TruncatedNormal|StatelessShuffle", operation) is not None


def _key_and_counter(seed: Any, name: str | None = None) -> tuple[Any, Any]:
    """A seed, `(2,)`, scrambled; XLA's own way is another for negative numbers."""
    with tf.name_scope(OURS):
        counter = tf.bitcast(tf.cast(seed, tf.int64), tf.uint64)
        key = tf.constant([SCRAMBLE], tf.uint64)
        mixed = _long(_words(4, *xla.optimization_barrier(key, counter)))
        return mixed[:1], tf.stack([tf.zeros((), tf.uint64), mixed[1]])


def _ours(alg: Any) -> bool:
    return isinstance(alg, int) and alg in (PHILOX, AUTOMATIC)


def _instead_of(original: Callable[..., Any], draw: Callable[..., Any]) -> Callable[..., Any]:
    """An operation of the same signature that draws as the kernels do, where it can."""

    def operation(
        shape: Any, key: Any, counter: Any, alg: Any, dtype: Any = tf.float32, name: str | None = None
    ) -> Any:
        wanted = tf.as_dtype(dtype)
        if wanted not in FORMATS or not _ours(alg):
            return original(shape, key, counter, alg, dtype, name)
        with tf.name_scope(OURS):
            return draw(shape, *xla.optimization_barrier(key, counter), wanted)

    return operation


def _instead_of_whole(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same for whole numbers between two."""

    def operation(
        shape: Any, key: Any, counter: Any, alg: Any, minval: Any, maxval: Any, name: str | None = None
    ) -> Any:
        if minval.dtype not in WHOLE or not _ours(alg):
            return original(shape, key, counter, alg, minval, maxval, name)
        unsigned = WHOLE[minval.dtype]
        with tf.name_scope(OURS):
            bits = _bits(shape, *xla.optimization_barrier(key, counter), unsigned=unsigned)
            return minval + tf.bitcast(bits % tf.bitcast(maxval - minval, unsigned), minval.dtype)

    return operation


def _instead_of_bits(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same for whole numbers of every size that their type holds."""

    def operation(shape: Any, key: Any, counter: Any, alg: Any, dtype: Any = tf.uint64, name: str | None = None) -> Any:
        wanted = tf.as_dtype(dtype)
        if wanted not in WHOLE or not _ours(alg):
            return original(shape, key, counter, alg, dtype, name)
        with tf.name_scope(OURS):
            bits = _bits(shape, *xla.optimization_barrier(key, counter), unsigned=WHOLE[wanted])
            return tf.bitcast(bits, wanted)

    return operation


def _words(count: Any, key: Any, counter: Any) -> Any:
    """Random bits, uint32 `(count,)`."""
    bits = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[count], key=key, counter=counter, alg=PHILOX, dtype=tf.uint32
    )
    return xla.optimization_barrier(bits)[0]


def _long(words: Any, *, low: int = 0) -> Any:
    """Pairs of uint32 as uint64; `low` is the place of the lower one."""
    pairs = tf.cast(tf.reshape(words, [-1, 2]), tf.uint64)
    return pairs[:, low] | tf.bitwise.left_shift(pairs[:, 1 - low], tf.constant(32, tf.uint64))


def _bits(shape: Any, key: Any, counter: Any, *, unsigned: Any, low: int = 0) -> Any:
    """Random bits of a shape; a number of 64 bits takes two words."""
    count = tf.reduce_prod(shape)
    drawn = _words(count, key, counter) if unsigned == tf.uint32 else _long(_words(2 * count, key, counter), low=low)
    return tf.reshape(drawn, shape)


def _between_0_and_1(bits: Any, dtype: Any) -> Any:
    """The lowest bits as the mantissa of a number from 1 to 2, less 1."""
    unsigned, mantissa, one = FORMATS[dtype]
    fraction = tf.cast(bits & tf.constant((1 << mantissa) - 1, bits.dtype), unsigned)
    return tf.bitcast(fraction | tf.constant(one, unsigned), dtype) - tf.ones((), dtype)


def _uniform(shape: Any, key: Any, counter: Any, dtype: Any) -> Any:
    # The kernels put a whole number of 64 bits together from its lower half on, and a fraction from its upper half on.
    bits = _bits(shape, key, counter, unsigned=tf.uint64 if dtype == tf.float64 else tf.uint32, low=1)
    return _between_0_and_1(bits, dtype)


def _normal(shape: Any, key: Any, counter: Any, dtype: Any) -> Any:
    """Two numbers of two, by Box and Muller's method; halves are computed in float32."""
    count = tf.reduce_prod(shape)
    pairs = _uniform([(count + 1) // 2, 2], key, counter, tf.float64 if dtype == tf.float64 else tf.float32)
    radius = tf.sqrt(-2 * tf.math.log(tf.maximum(pairs[:, 0], LEAST)))
    angle = 2 * math.pi * pairs[:, 1]
    numbers = tf.stack([tf.sin(angle) * radius, tf.cos(angle) * radius], axis=1)
    return tf.cast(tf.reshape(tf.reshape(numbers, [-1])[:count], shape), dtype)
