"""Random yes and no: how many, the same with XLA, and none of what is not to be drawn."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dlcli.backend.draws import draw_yes, drawn_share
from dlcli.backend.randomness import as_in_fit, foreign_draws

SEED = (7, 12)


@pytest.mark.parametrize("share", [0.03, 0.5, 0.85, 0.9999])
def test_a_share_of_all_is_drawn(share: float) -> None:
    drawn = draw_yes((1000, 1000), tf.constant(share), tf.constant(SEED)).numpy()
    assert drawn.mean() == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share)) / 1000 + 2**-16)
    for axis in (0, 1):  # nor do two draws of one word depend on each other
        beside = np.roll(drawn, 1, axis)
        assert (drawn & beside).mean() == pytest.approx(share * share, abs=5e-3)
    assert not np.array_equal(drawn, draw_yes((1000, 1000), tf.constant(share), tf.constant((7, 13))))


def test_all_and_the_least() -> None:
    assert draw_yes((1000, 1000), tf.constant(1.0), tf.constant(SEED)).numpy().all()
    least = 2.0**-16
    assert 1 <= draw_yes((1000, 1000), tf.constant(least), tf.constant(SEED)).numpy().sum() < 60
    told = [float(drawn_share(tf.constant(share))) for share in (0.0, 0.3 * least, 0.9 * least, 0.5, 1 - 1e-7, 1.0)]
    assert told == [0.0, 0.0, least, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("shape", [(6, 4), (3, 5), (1,), (2, 0), ()])
def test_a_shape_that_is_known_later_and_xla_change_nothing(shape: tuple[int, ...]) -> None:
    drawn = draw_yes(shape, tf.constant(0.4), tf.constant(SEED))
    assert drawn.shape == shape

    def later(sizes: tf.Tensor, share: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return draw_yes(sizes, share, seed)

    found = tf.function(later)(tf.constant(shape, tf.int32), tf.constant(0.4), tf.constant(SEED))
    np.testing.assert_array_equal(found, drawn)

    def compiled(share: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        with as_in_fit():
            return draw_yes(shape, share, seed)

    function = tf.function(compiled, jit_compile=True, autograph=False)
    np.testing.assert_array_equal(function(tf.constant(0.4), tf.constant(SEED)), drawn)
    graph = function.get_concrete_function(tf.constant(0.4), tf.constant(SEED)).graph
    assert foreign_draws(graph).stateless == () == foreign_draws(graph).stateful
