"""Numbers, scaled by Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.keras_layers import KerasLayer
from dlcli.codecs.number.marked import MarkedNumberCodec
from dlcli.codecs.number.numbers import NumberCodec
from dlcli.codecs.number.sequence import NumberSequenceCodec
from dlcli.data.columns.cells import numbers
from dlcli.data.columns.codec import Column
from dlcli.data.values.soft_clip import FARTHEST, LIMIT
from dlcli.errors import ModelError, Problem

__all__ = ["LAYER"]


def _values(codec: NumberCodec, cells: Column) -> NDArray[np.float64]:
    read = numbers(cells).values
    return read.reshape(len(read), -1) if read.ndim == 1 else read


def _shape(codec: NumberCodec | NumberSequenceCodec | MarkedNumberCodec) -> tuple[int, ...]:
    if isinstance(codec, MarkedNumberCodec):
        return (1,)
    if isinstance(codec, NumberSequenceCodec):
        message = f"a graph of layers takes no sequences of several lengths, as those of {codec.columns[0]!r} are"
        raise ModelError(Problem(message, hint="export without --with-preprocessing", rule="not-portable"))
    return codec.shape if len(codec.columns) == 1 else (1,)


def _tensor(keras: Any, codec: NumberCodec | MarkedNumberCodec, inputs: Sequence[Any]) -> Any:
    ops = keras.ops
    dtype = inputs[0].dtype
    if isinstance(codec, MarkedNumberCodec):
        marks = [ops.cast(ops.not_equal(column, column), "float32") for column in inputs]
        return keras.layers.Concatenate(dtype="float32")([_tensor(keras, codec.numbers, inputs), *marks])
    tensor = inputs[0] if len(inputs) == 1 else keras.layers.Concatenate(dtype=dtype)(inputs)
    if tuple(tensor.shape[1:]) != codec.shape:
        tensor = keras.layers.Reshape(codec.shape, dtype=dtype)(tensor)
    if codec.fill is not None:
        # Not `isnan`, which LiteRT does not have.
        tensor = ops.where(ops.not_equal(tensor, tensor), codec.fill.astype(dtype), tensor)
    # Not the layer Normalization: read from a file it has float32 statistics, which tell no second of a timestamp from
    # the next, and it divides by 1e-7 at least.
    scaled = ops.divide(ops.subtract(tensor, codec.offset.astype(dtype)), codec.scale.astype(dtype))
    return ops.cast(_bent(ops, codec, scaled), "float32")


def _bent(ops: Any, codec: NumberCodec, scaled: Any) -> Any:
    """After a scale that is no straight line."""
    if codec.linear:
        return scaled
    if not codec.knots:
        scaled = ops.minimum(ops.maximum(scaled, -FARTHEST), FARTHEST)
        return ops.divide(scaled, ops.sqrt(ops.add(1.0, ops.square(ops.divide(scaled, LIMIT)))))
    starts, widths, rises, least = (each.astype(scaled.dtype) for each in _pieces(codec))
    # How far into each piece: a search among the knots is not in every format.
    inside = ops.divide(ops.subtract(ops.expand_dims(scaled, -1), starts), widths)
    inside = ops.minimum(ops.maximum(inside, 0.0), 1.0)
    return ops.add(ops.sum(ops.multiply(inside, rises), axis=-1), least)


def _pieces(codec: NumberCodec) -> tuple[NDArray[np.float64], ...]:
    """The pieces between knots, `(channels, pieces)`: where they begin, how wide and how high they are; and the scores
    of the first knots, `(channels,)`."""
    most = max(len(knots.values) for knots in codec.knots)
    shape = (len(codec.knots), max(most - 1, 1))
    starts, widths, rises = np.zeros(shape), np.ones(shape), np.zeros(shape)
    for place, knots in enumerate(codec.knots):
        count = len(knots.values) - 1
        starts[place, :count], widths[place, :count] = knots.values[:-1], np.diff(knots.values)
        rises[place, :count] = np.diff(knots.scores)
    return starts, widths, rises, np.array([knots.scores[0] for knots in codec.knots])


LAYER = KerasLayer("number", _values, _tensor, _shape)
