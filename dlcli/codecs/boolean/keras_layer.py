"""Words for true and false, looked up in a table by Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcli.codecs.boolean.codec import WORDS, BooleanCodec
from dlcli.codecs.keras_layers import KerasLayer, name_values

__all__ = ["LAYER"]


def _tensor(keras: Any, codec: BooleanCodec, inputs: Sequence[Any]) -> Any:
    ops, state = keras.ops, codec.state()
    match state["missing"]:
        case "error":
            missing = np.nan
        case "most_frequent":
            missing = float(state["true"] > state["false"])
        case chosen:
            missing = float(chosen)
    # The layer for texts, because it strips blanks. A second word makes a cell unreadable, as an unknown one does.
    layer = keras.layers.TextVectorization(
        standardize="lower", output_mode="int", output_sequence_length=2, vocabulary=list(WORDS)
    )
    first, second = ops.split(ops.reshape(layer(inputs[0]), (-1, 2)), 2, axis=1)
    meaning = np.array([missing, np.nan, *WORDS.values()], np.float32)
    values = keras.layers.Embedding(len(meaning), 1, weights=[meaning[:, np.newaxis]], trainable=False, dtype="float32")
    return ops.where(ops.equal(second, 0), ops.reshape(values(first), (-1, 1)), np.float32(np.nan))


LAYER = KerasLayer("text", name_values, _tensor, need="words")
