"""Numbers, scaled by Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.keras_layers import KerasLayer
from dlcli.codecs.number.numbers import NumberCodec
from dlcli.codecs.number.sequence import NumberSequenceCodec
from dlcli.data.columns.cells import numbers
from dlcli.data.columns.codec import Column
from dlcli.errors import ModelError, Problem

__all__ = ["LAYER"]


def _values(codec: NumberCodec, cells: Column) -> NDArray[np.float64]:
    read = numbers(cells).values
    return read.reshape(len(read), -1) if read.ndim == 1 else read


def _shape(codec: NumberCodec | NumberSequenceCodec) -> tuple[int, ...]:
    if isinstance(codec, NumberSequenceCodec):
        message = f"a graph of layers takes no sequences of several lengths, as those of {codec.columns[0]!r} are"
        raise ModelError(Problem(message, hint="export without --with-preprocessing", rule="not-portable"))
    return codec.shape if len(codec.columns) == 1 else (1,)


def _tensor(keras: Any, codec: NumberCodec, inputs: Sequence[Any]) -> Any:
    ops = keras.ops
    dtype = inputs[0].dtype
    tensor = inputs[0] if len(inputs) == 1 else keras.layers.Concatenate(dtype=dtype)(inputs)
    if tuple(tensor.shape[1:]) != codec.shape:
        tensor = keras.layers.Reshape(codec.shape, dtype=dtype)(tensor)
    if codec.fill is not None:
        # Not `isnan`, which LiteRT does not have.
        tensor = ops.where(ops.not_equal(tensor, tensor), codec.fill.astype(dtype), tensor)
    # Not the layer Normalization: read from a file it has float32 statistics, which tell no second of a timestamp from
    # the next, and it divides by 1e-7 at least.
    scaled = ops.divide(ops.subtract(tensor, codec.offset.astype(dtype)), codec.scale.astype(dtype))
    return ops.cast(scaled, "float32")


LAYER = KerasLayer("number", _values, _tensor, _shape)
