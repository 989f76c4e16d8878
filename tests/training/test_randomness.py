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

from dlcli.training.randomness import as_in_fit

SHAPES = [(), (1,), (7,), (32, 128), (3, 5, 7), (0, 4)]


def compiled(draw: Callable[..., Any], *arguments: Any) -> Any:
    """What `draw` gives under XLA."""

    def trace(*given: Any) -> Any:
        with as_in_fit():
            return draw(*given)

    return tf.function(trace, jit_compile=True)(*arguments)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("shape", SHAPES)
def test_uniform_numbers_are_the_same_bits(shape: tuple[int, ...], dtype: str) -> None:
    seed = tf.constant([3, 5])

    def draw(seed: Any) -> Any:
        return tf.cast(tf.random.stateless_uniform(shape, seed, dtype=dtype), "float32")

    assert np.array_equal(compiled(draw, seed), draw(seed))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("shape", SHAPES)
def test_normal_numbers_are_the_same(shape: tuple[int, ...], dtype: str) -> None:
    seed = tf.constant([3, 5])

    def draw(seed: Any) -> Any:
        return tf.cast(tf.random.stateless_normal(shape, seed, dtype=dtype), "float32")

    tolerance = {"float32": 1e-5, "float16": 2e-3, "bfloat16": 2e-2}[dtype]
    np.testing.assert_allclose(compiled(draw, seed), draw(seed), atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize(("least", "most"), [(0, 2), (-5, 11), (-(2**31), 2**31 - 1)])
@pytest.mark.parametrize("shape", SHAPES)
def test_whole_numbers_are_the_same(shape: tuple[int, ...], least: int, most: int) -> None:
    def draw(seed: Any) -> Any:
        return tf.random.stateless_uniform(shape, seed, minval=least, maxval=most, dtype="int32")

    seed = tf.constant([3, 5])
    assert np.array_equal(compiled(draw, seed), draw(seed))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2**31 - 1), min_size=2, max_size=2))
def test_every_seed_gives_the_same(seed: list[int]) -> None:
    def draw(seed: Any) -> Any:
        return tf.random.stateless_uniform((5,), seed)

    assert np.array_equal(compiled(draw, tf.constant(seed)), draw(tf.constant(seed)))


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
    for _ in range(3):
        found = compiled(lambda x: fast(x, training=True), x)
        np.testing.assert_allclose(found, plain(x, training=True), atol=1e-5, rtol=1e-5)


def test_nothing_stays_patched() -> None:
    with as_in_fit():
        assert tf.random.stateless_uniform((4,), [1, 2], dtype="float64").dtype == tf.float64
    graph = tf.function(lambda: tf.random.stateless_uniform((4,), [1, 2])).get_concrete_function().graph
    assert "XlaOptimizationBarrier" not in {operation.type for operation in graph.get_operations()}
