"""Under XLA random numbers are those of TensorFlow's kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.backend.randomness import Draws, as_in_fit, foreign_draws

SHAPES = [(), (32, 128), (3, 5, 7), (0, 4)]
"""One number, an even count, an odd one, and none."""


def compiled_once(draw: Callable[..., Any], *signature: Any) -> Any:
    """`draw` under XLA."""

    def trace(*given: Any) -> Any:
        with as_in_fit():
            return draw(*given)

    return tf.function(trace, jit_compile=True, input_signature=signature or None)


def compiled(draw: Callable[..., Any], *arguments: Any) -> Any:
    """What `draw` gives under XLA."""
    return compiled_once(draw)(*arguments)


def some(*dtypes: str, often: tuple[str, ...]) -> list[Any]:
    """A narrow and a wide type; the others, whose numbers are made in the same ways, are long proofs."""
    return [pytest.param(dtype, marks=[pytest.mark.soak] * (dtype not in often)) for dtype in dtypes]


@pytest.mark.parametrize("dtype", some("float64", "float32", "float16", "bfloat16", often=("float64", "float16")))
def test_uniform_numbers_are_the_same_bits(dtype: str) -> None:
    def draw(seed: Any) -> Any:
        return [tf.cast(tf.random.stateless_uniform(shape, seed, dtype=dtype), "float64") for shape in SHAPES]

    assert_drawn_alike(draw)


@pytest.mark.parametrize("dtype", some("float64", "float32", "float16", "bfloat16", often=("float32", "bfloat16")))
def test_normal_numbers_are_the_same(dtype: str) -> None:
    def draw(seed: Any) -> Any:
        return [tf.cast(tf.random.stateless_normal(shape, seed, dtype=dtype), "float64") for shape in SHAPES]

    assert_drawn_alike(draw, {"float64": 1e-12, "float32": 1e-5, "float16": 2e-3, "bfloat16": 2e-2}[dtype])


RANGES = [(0, 2), (-(2**31), 2**31 - 1)]


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers_are_the_same(dtype: str) -> None:
    def draw(seed: Any) -> Any:
        return [
            tf.random.stateless_uniform(shape, seed, minval=least, maxval=most, dtype=dtype)
            for shape, (least, most) in [*((shape, (-5, 11)) for shape in SHAPES), *(((9,), each) for each in RANGES)]
        ]

    assert_drawn_alike(draw)


@pytest.mark.parametrize("dtype", some("int32", "uint32", "int64", "uint64", often=("uint32", "int64")))
def test_whole_numbers_of_any_size_are_the_same(dtype: str) -> None:
    def draw(seed: Any) -> Any:
        return [tf.random.stateless_uniform(shape, seed, None, None, dtype) for shape in SHAPES]

    assert_drawn_alike(draw)


def assert_drawn_alike(draw: Callable[..., Any], tolerance: float = 0.0) -> None:
    """All of the arrays that `draw` makes of a seed."""
    seed = tf.constant([3, 5])
    for fast, plain in zip(compiled(draw, seed), draw(seed), strict=True):
        np.testing.assert_allclose(fast, plain, atol=tolerance, rtol=tolerance)


SEEDS = {"int32": st.integers(-(2**31), 2**31 - 1), "int64": st.integers(-(2**63), 2**63 - 1)}


@pytest.mark.parametrize("dtype", SEEDS)
def test_every_seed_gives_the_same(dtype: str) -> None:
    def draw(seed: Any) -> Any:
        return tf.random.stateless_uniform((5,), seed)

    fast = compiled_once(draw, tf.TensorSpec((2,), dtype))

    @settings(max_examples=50, deadline=None)
    @given(st.lists(SEEDS[dtype], min_size=2, max_size=2))
    def check(values: list[int]) -> None:
        seed = tf.constant(values, dtype)
        assert np.array_equal(fast(seed), draw(seed))

    check()


DRAWN_OTHERWISE: dict[str, Callable[[], Any]] = {
    "categorical": lambda: keras.random.categorical(tf.zeros((3, 5)), 7, seed=3),
    "truncated normal": lambda: keras.random.truncated_normal((7,), seed=3),
    "gamma": lambda: keras.random.gamma((7,), 2.0, seed=3),
    "binomial": lambda: keras.random.binomial((7,), 5.0, 0.5, seed=3),
    "beta": lambda: keras.random.beta((7,), 2.0, 0.5, seed=3),
    "poisson": lambda: tf.random.stateless_poisson((7,), [1, 2], 2.0),
    "shuffled indices": lambda: tf.random.experimental.index_shuffle(1, [1, 2], 9),
    "parameterized": lambda: tf.random.stateless_parameterized_truncated_normal([7], [1, 2], 0.0, 1.0, -1.0, 1.0),
    "another algorithm": lambda: tf.random.stateless_uniform((7,), [1, 2], alg="threefry"),
}
STATEFUL: dict[str, Callable[[], Any]] = {
    "normal": lambda: tf.random.normal((7,)),
    "uniform": lambda: tf.random.uniform((7,), seed=1),
    "shuffle": lambda: tf.random.shuffle(tf.range(7)),
    "categorical": lambda: tf.random.categorical(tf.zeros((3, 5)), 7),
    "dropout": lambda: tf.nn.dropout(tf.ones(7), 0.5),
    "image": lambda: tf.image.random_brightness(tf.ones((2, 2, 3)), 0.5),
}


def drawn(draw: Callable[[], Any]) -> Draws:
    """What is found in a graph that draws in a loop."""

    def trace() -> Any:
        with as_in_fit():
            return tf.while_loop(lambda i: i < 3, lambda i: (draw(), i + 1)[1:], (0,))

    return foreign_draws(tf.function(trace).get_concrete_function().graph)


@pytest.mark.parametrize("name", DRAWN_OTHERWISE)
def test_what_xla_would_draw_otherwise_is_found(name: str) -> None:
    draws = drawn(DRAWN_OTHERWISE[name])
    assert draws.stateless
    assert not draws.stateful


@pytest.mark.parametrize("name", STATEFUL)
def test_draws_from_a_hidden_state_are_found(name: str) -> None:
    draws = drawn(STATEFUL[name])
    assert draws.stateful
    assert not draws.stateless


def test_our_own_draws_are_not_found() -> None:
    def draw() -> Any:
        keras.random.shuffle(tf.range(7), seed=1)
        keras.random.dropout(tf.ones(7), 0.5, seed=1)
        keras.random.randint((7,), 0, 9, seed=1)
        tf.random.stateless_normal((7,), tf.random.split([1, 2])[0], dtype="float64")
        return keras.random.normal((7,), seed=1)

    assert drawn(draw) == Draws()


LAYERS: dict[str, Callable[[], Any]] = {
    "Dropout": lambda: keras.layers.Dropout(0.4, seed=1),
    "SpatialDropout1D": lambda: keras.layers.SpatialDropout1D(0.4, seed=1),
    "AlphaDropout": lambda: keras.layers.AlphaDropout(0.4, seed=1),
    "GaussianDropout": lambda: keras.layers.GaussianDropout(0.4, seed=1),
    "GaussianNoise": lambda: keras.layers.GaussianNoise(0.4, seed=1),
    "RandomFlip": lambda: keras.layers.RandomFlip(seed=1),
    "recurrent dropout": lambda: keras.layers.GRU(4, dropout=0.3, recurrent_dropout=0.3, seed=1),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_draw_the_same_and_go_on(name: str) -> None:
    x = tf.constant(np.random.default_rng(0).normal(size=(9, 6, 8)).astype(np.float32))
    layers = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        layer = LAYERS[name]()
        layer.build(x.shape)
        layers.append(layer)
    fast, plain = layers
    draw = compiled_once(lambda x: fast(x, training=True))
    for _ in range(3):
        np.testing.assert_allclose(draw(x), plain(x, training=True), atol=1e-5, rtol=1e-5)


def test_nothing_stays_patched() -> None:
    with as_in_fit():
        assert tf.random.stateless_uniform((4,), [1, 2], dtype="float64").dtype == tf.float64
    graph = tf.function(lambda: tf.random.stateless_uniform((4,), [1, 2])).get_concrete_function().graph
    assert "XlaOptimizationBarrier" not in {operation.type for operation in graph.get_operations()}
