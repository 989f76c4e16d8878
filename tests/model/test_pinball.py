"""The pinball loss is its formula, in Keras and without, whatever the shape; what is masked is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.schema.component import Component
from dlcli.evaluation.measures import find_mean
from dlcli.model.components import make

pytestmark = pytest.mark.tensorflow

LEVELS = (0.1, 0.5, 0.75)


def formula(true: Any, predicted: Any) -> float:
    """Number by number; `predicted` has a quantile each along its last axis."""
    total = 0.0
    for place in np.ndindex(true.shape):
        for level, value in zip(LEVELS, predicted[place], strict=True):
            error = float(true[place]) - float(value)
            total += level * error if error > 0 else (level - 1) * error
    return total / int(predicted.size)


def loss(**arguments: Any) -> Any:
    return make("losses", Component("pinball", {"quantiles": list(LEVELS), **arguments}), code={}, path=("compile",))


SHAPES = [(5, 1), (4, 3), (3, 2, 1), (2, 3, 2)]


@pytest.mark.parametrize("deep", [False, True], ids=["side by side", "apart"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_keras_and_numpy_compute_the_formula(shape: tuple[int, ...], deep: bool) -> None:
    random = np.random.default_rng(len(shape))
    true = random.normal(size=shape).astype(np.float32)
    apart = random.normal(size=(*shape, len(LEVELS))).astype(np.float32)
    predicted = apart if deep else apart.reshape(*shape[:-1], -1)
    assert float(loss()(true, predicted)) == pytest.approx(formula(true, apart), rel=1e-5)
    mean = find_mean(Component("Pinball", {"quantiles": list(LEVELS)}), "loss", units=3, index=False)
    assert mean is not None
    mean.add(true.astype(float), predicted.astype(float))
    assert mean.result() == pytest.approx(formula(true, apart), rel=1e-6)


def test_weights_and_masks_leave_places_out() -> None:
    import keras

    random = np.random.default_rng(1)
    true = random.normal(size=(2, 3, 1)).astype(np.float32)
    predicted = random.normal(size=(2, 3, 3)).astype(np.float32)
    weights = np.array([[1, 0, 0], [1, 1, 0]], np.float32)
    whole = formula(true[weights > 0], predicted[weights > 0][:, None])
    assert float(loss()(true, predicted, weights)) == pytest.approx(whole * 3 / 6, rel=1e-5)
    tensor = keras.ops.convert_to_tensor(predicted)
    tensor._keras_mask = keras.ops.convert_to_tensor(weights > 0)
    assert float(loss()(true, tensor)) == pytest.approx(whole, rel=1e-5)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30), st.sampled_from([0.1, 0.5, 0.9]))
def test_the_quantile_of_the_values_has_the_least_loss(values: list[float], level: float) -> None:
    def value(predicted: float) -> float:
        mean = find_mean(Component("Pinball", {"quantiles": [level]}), "loss", units=1, index=False)
        assert mean is not None
        mean.add(np.array(values)[:, None], np.full((len(values), 1), predicted))
        return mean.result()

    least = value(float(np.quantile(values, level, method="inverted_cdf")))
    assert all(least <= value(other) + 1e-9 for other in values)


def test_without_quantiles_it_says_where_they_come_from() -> None:
    from dlcli.errors import ModelError

    with pytest.raises(ModelError, match="quantiles must be given"):
        make("losses", Component("Pinball"), code={}, path=("compile", "loss"))
