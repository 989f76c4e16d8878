"""TensorFlow is set up as `runtime` asks, again and again in one process."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import config

from dlcli.backend import startup
from dlcli.backend.runtime import configure, full_precision
from dlcli.config.schema import RuntimeConfig
from dlcli.errors import ModelError


def test_precision_and_determinism_follow_the_last_config() -> None:
    keras = startup.load()
    configure(RuntimeConfig(precision="mixed_bfloat16", deterministic=True), 0)
    assert config.is_op_determinism_enabled()
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    configure(RuntimeConfig(), 0)
    assert keras.config.dtype_policy().name == "float32"
    assert not config.is_op_determinism_enabled()


def test_the_seed_decides_the_numbers() -> None:
    keras = startup.load()

    def draw(seed: int) -> tuple[np.ndarray, str]:
        configure(RuntimeConfig(), seed)
        layer = keras.layers.Dense(3)
        layer.build((None, 4))
        return keras.ops.convert_to_numpy(layer.kernel), layer.name

    first, second, other = draw(1), draw(1), draw(2)
    assert np.array_equal(first[0], second[0])
    assert first[1] == second[1] == "dense"
    assert not np.array_equal(first[0], other[0])


def test_devices() -> None:
    gpus = tf.config.list_physical_devices("GPU")
    auto = configure(RuntimeConfig(), 0)
    assert auto.device.startswith("gpu" if gpus else "cpu")
    assert len(auto.gpus) == len(gpus)
    with pytest.raises(ModelError) as raised:
        configure(RuntimeConfig(device="gpu:97"), 0)
    (problem,) = raised.value.problems
    assert problem.path == "runtime.device"
    assert "there is no gpu:97 here; TensorFlow finds" in problem.message
    assert "cpu" in problem.message


def test_full_precision_lasts_as_long_as_its_block() -> None:
    rounds = tf.config.experimental.tensor_float_32_execution_enabled
    before = rounds()
    with full_precision():
        assert not rounds()
    assert rounds() == before
