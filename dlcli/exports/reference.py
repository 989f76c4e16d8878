"""What Keras itself computes, as exactly as the device can: what other runtimes are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.backend.runtime import full_precision

__all__ = ["SHAKE", "reference_outputs", "rounding_noise"]

SHAKE = 2.0**-19
"""How far a weight is moved, as a part of it: 32 roundings of float32. An input is moved by as much of it and of the
greatest number of its column, for one near 0 may be what is left of larger ones, as a standardised number is."""


def reference_outputs(
    model: Any, inputs: Mapping[str, NDArray[Any]], *, with_logits: bool = False
) -> list[NDArray[Any]]:
    """The outputs of a model, in its order, each `(rows, ...)`.

    Computed operation by operation, in full precision.

    Args:
        model: A `keras.Model` that takes a dict.
        inputs: An array `(rows, *shape)` for each input.
        with_logits: Give also what a sigmoid or softmax at an output was given, after the outputs; see `to_onnx`.
    """
    tensor = startup.load().ops.convert_to_tensor
    with full_precision():
        values = model({name: tensor(array) for name, array in inputs.items()}, training=False)
    listed = list(values) if isinstance(values, (list, tuple)) else [values]
    if with_logits:
        given = [getattr(value, "_keras_logits", None) for value in listed]
        listed += [
            logits
            for value, logits in zip(tuple(listed), given, strict=True)
            if logits is not None and len(logits.shape) == len(value.shape)
        ]
    return [np.asarray(value) for value in listed]


def rounding_noise(
    model: Any, inputs: Mapping[str, NDArray[Any]], *, with_logits: bool = False
) -> list[NDArray[np.float64]]:
    """How far each output moves when each weight and each number that goes in is off, up or down, as `SHAKE` says.

    The weights are put back, bit for bit.

    Args:
        model: See `reference_outputs`.
        inputs: See `reference_outputs`.
        with_logits: See `reference_outputs`.
    """
    random = np.random.default_rng(0)

    def shaken(values: NDArray[Any], *, by: Any = 0.0) -> NDArray[Any]:
        signs = random.choice(np.array([-SHAKE, SHAKE]), values.shape)
        return np.asarray(values + signs * (np.abs(values) + by), values.dtype)

    weights = [(weight, np.array(weight.numpy())) for weight in model.weights if np.dtype(weight.dtype).kind == "f"]
    moved = {
        name: _where_there(values, shaken(values, by=np.abs(values).max(axis=0, initial=0.0)))
        if values.dtype.kind == "f"
        else values
        for name, values in inputs.items()
    }
    before = reference_outputs(model, inputs, with_logits=with_logits)
    rescaled = _rescaled(model, inputs)
    try:
        for layer, shape, (scale, offset) in rescaled:  # bytes are whole: their first rounding is when they are scaled
            layer.scale = shaken(np.full(shape, scale))
            layer.offset = np.full(shape, offset) + shaken(np.zeros(shape), by=255 * scale)
        for weight, values in weights:
            weight.assign(shaken(values))
        after = reference_outputs(model, moved, with_logits=with_logits)
    finally:
        for weight, values in weights:
            weight.assign(values)
        for layer, _, (scale, offset) in rescaled:
            layer.scale, layer.offset = scale, offset
    with np.errstate(invalid="ignore"):
        return [np.abs(one.astype(np.float64) - two) for one, two in zip(after, before, strict=True)]


def _where_there(values: NDArray[Any], moved: NDArray[Any]) -> NDArray[Any]:
    """The numbers that were moved; of sequences not the steps that were filled up, which masks know by their zeros."""
    if values.ndim != 3:
        return moved
    return np.where((values == 0).all(axis=-1, keepdims=True), values, moved)


def _rescaled(model: Any, inputs: Mapping[str, NDArray[Any]]) -> list[tuple[Any, tuple[int, ...], tuple[float, float]]]:
    """The layers that make numbers of bytes, with the shape of a sample and what they scale by."""
    keras = startup.load()
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Rescaling) and isinstance(layer.scale, float):
            source = layer.input if not isinstance(layer.input, (list, tuple)) else layer.input[0]
            if any(values.dtype.kind == "u" and values.shape[1:] == source.shape[1:] for values in inputs.values()):
                found.append((layer, tuple(source.shape[1:]), (layer.scale, float(layer.offset))))
    return found
