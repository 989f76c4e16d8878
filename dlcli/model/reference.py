"""What Keras itself computes, as exactly as the device can: what other runtimes are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.model import backend

__all__ = ["reference_outputs"]


def reference_outputs(model: Any, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """The outputs of a model, in its order, each `(rows, ...)`.

    Computed operation by operation, without TensorFloat-32, which on a GPU rounds the factors of a product to ten bits.

    Args:
        model: A `keras.Model` that takes a dict.
        inputs: An array `(rows, *shape)` for each input.
    """
    tf = backend.load().tensorflow
    rounding = tf.config.experimental
    before = rounding.tensor_float_32_execution_enabled()
    rounding.enable_tensor_float_32_execution(False)
    try:
        values = model({name: tf.convert_to_tensor(array) for name, array in inputs.items()}, training=False)
    finally:
        rounding.enable_tensor_float_32_execution(before)
    return [np.asarray(value) for value in (values if isinstance(values, (list, tuple)) else [values])]
