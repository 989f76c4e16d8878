"""Words for true and false, looked up in a table by Keras; or the truth values themselves, as 1 and 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.boolean.codec import WORDS, BooleanCodec
from dlcli.codecs.keras_layers import KerasLayer, name_values
from dlcli.data.columns.codec import Column

__all__ = ["LAYER"]


def _tensor(keras: Any, codec: BooleanCodec, inputs: Sequence[Any]) -> Any:
    ops, missing = keras.ops, _missing(codec)
    # The layer for texts, because it strips blanks. A second word makes a cell unreadable, as an unknown one does.
    layer = keras.layers.TextVectorization(
        standardize="lower", output_mode="int", output_sequence_length=2, vocabulary=list(WORDS)
    )
    first, second = ops.split(ops.reshape(layer(inputs[0]), (-1, 2)), 2, axis=1)
    meaning = np.array([missing, np.nan, *WORDS.values()], np.float32)
    values = keras.layers.Embedding(len(meaning), 1, weights=[meaning[:, np.newaxis]], trainable=False, dtype="float32")
    return ops.where(ops.equal(second, 0), ops.reshape(values(first), (-1, 1)), np.float32(np.nan))


def _missing(codec: BooleanCodec) -> float:
    """What an empty cell becomes."""
    state = codec.state()
    match state["missing"]:
        case "error":
            return float("nan")
        case "most_frequent":
            return float(state["true"] > state["false"])
        case chosen:
            return float(chosen)


def _truths(codec: BooleanCodec, cells: Column) -> NDArray[np.float64]:
    """1 and 0, and NaN where nothing stands."""
    values = BooleanCodec(codec.columns, missing=False).encode([cells]).astype(np.float64)
    values[name_values(codec, cells) == ""] = np.nan
    return values


def _tensor_of_truths(keras: Any, codec: BooleanCodec, inputs: Sequence[Any]) -> Any:
    ops, (given,), missing = keras.ops, inputs, _missing(codec)
    true, false = ops.equal(given, 1.0), ops.equal(given, 0.0)
    empty = ops.not_equal(given, given)  # not `isnan`, which LiteRT does not have
    known = ops.logical_or(true, false)
    if not np.isnan(missing):
        known = ops.logical_or(known, empty)
        true = ops.logical_or(true, empty) if missing else true
    # Between constants alone: the converter to ONNX multiplies other choices by 0 and 1, and NaN stays NaN.
    one, zero, nothing = np.float32(1), np.float32(0), np.float32(np.nan)
    return ops.add(ops.where(true, one, zero), ops.where(known, zero, nothing))


LAYER = KerasLayer(
    "text",
    name_values,
    _tensor,
    need="words",
    apart=KerasLayer("boolean", _truths, _tensor_of_truths),
)
