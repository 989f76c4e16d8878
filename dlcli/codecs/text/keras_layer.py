"""Free text, split and counted by Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlcli.codecs.keras_layers import KerasLayer, text_values
from dlcli.codecs.text.codec import TextCodec

__all__ = ["LAYER"]


def _tensor(keras: Any, codec: TextCodec, inputs: Sequence[Any]) -> Any:
    state = codec.state()
    sequence = state["encode"] == "sequence"
    layer = keras.layers.TextVectorization(
        output_mode="int" if sequence else state["encode"],
        output_sequence_length=state["length"],
        vocabulary=list(codec.words),
        idf_weights=codec.weights[1:] if state["encode"] == "tf_idf" else None,
    )
    # Keras takes a text a row for a row of texts when it works out the shape, and not when it runs.
    return keras.ops.cast(keras.ops.reshape(layer(inputs[0]), (-1, *codec.shape)), codec.dtype)


LAYER = KerasLayer("text", text_values, _tensor, need="tables")
