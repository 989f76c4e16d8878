"""Free text, split and counted by Keras; or its words, looked up and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.keras_layers import KerasLayer
from dlcli.codecs.text.codec import TextCodec
from dlcli.codecs.text.files import texts_of
from dlcli.data.columns.codec import Column
from dlcli.errors import ModelError, Problem

__all__ = ["LAYER"]


def _values(codec: TextCodec, cells: Column) -> NDArray[Any]:
    """The texts themselves, those of files too; NumPy's own texts would lose a NUL at their end."""
    return np.array(texts_of(cells, codec.state()["encoding"]), dtype=np.object_)[:, np.newaxis]


def _tensor(keras: Any, codec: TextCodec, inputs: Sequence[Any]) -> Any:
    state = codec.state()
    if state["standardize"].startswith("casefold"):
        message = f"Keras has no layer that folds the case of every script, as `{codec.columns[0]}` asks for"
        hint = "train with `standardize: lower_and_strip_punctuation`; or export without --with-preprocessing"
        raise ModelError(Problem(message, hint=hint, rule="not-portable"))
    sequence = state["encode"] == "sequence"
    as_keras = sequence and (state["padding"], state["truncating"]) == ("post", "post")
    layer = keras.layers.TextVectorization(
        standardize=None if state["standardize"] == "none" else state["standardize"],
        split=state["split"],
        ngrams=tuple(state["ngrams"]) or None,
        output_mode="int" if sequence else state["encode"],
        output_sequence_length=state["length"] if as_keras else None,
        vocabulary=list(codec.words),
        idf_weights=codec.weights[1:] if state["encode"] == "tf_idf" else None,
    )
    encoded = layer(inputs[0])
    if sequence and not as_keras:
        encoded = _at_either_end(keras, encoded, state)
    # Keras takes a text a row for a row of texts when it works out the shape, and not when it runs.
    return keras.ops.cast(keras.ops.reshape(encoded, (-1, *codec.shape)), codec.dtype)


def _at_either_end(keras: Any, indices: Any, state: dict[str, Any]) -> Any:
    """Sequences of the length of the longest `(batch, any)`, their padding 0, cut and padded as `state` says."""
    ops, length = keras.ops, state["length"]
    sizes = ops.sum(ops.cast(ops.not_equal(indices, 0), "int32"), axis=1, keepdims=True)
    none = ops.zeros_like(sizes)
    cut = ops.maximum(sizes - length, 0) if state["truncating"] == "pre" else none
    led = ops.maximum(length - sizes, 0) if state["padding"] == "pre" else none
    # Differences alone: Keras adds (n, 1) to (n, n) along the wrong axis (see `dlcli.model.repairs`).
    taken = ops.subtract(np.arange(length, dtype=np.int32)[np.newaxis], ops.subtract(led, cut))
    long_enough = ops.pad(indices, [[0, 0], [0, length]])
    found = ops.take_along_axis(long_enough, ops.cast(ops.maximum(taken, 0), "int32"), axis=1)
    there = ops.logical_and(ops.greater_equal(taken, 0), ops.less(taken, sizes))
    return ops.where(there, found, ops.zeros_like(found))


def _words(codec: TextCodec, cells: Column) -> NDArray[Any]:
    return codec.words_of(cells)


def _shape_of_words(codec: TextCodec) -> tuple[int | None]:
    return (codec.state()["length"],)


def _tensor_of_words(keras: Any, codec: TextCodec, inputs: Sequence[Any]) -> Any:
    from dlcli.backend.onnx import counted  # it loads TensorFlow

    ops, state = keras.ops, codec.state()
    sequence = state["encode"] == "sequence"
    # Places of the table: unknown, padding, words.
    table = keras.layers.StringLookup(vocabulary=["", *codec.words], num_oov_indices=1, mask_token=None)
    places = ops.cast(table(inputs[0]), "int32")
    if sequence:
        return ops.cast(ops.where(ops.less(places, 2), ops.subtract(1, places), places), codec.dtype)
    counts = counted(places, len(codec.words) + 2)
    counts = ops.concatenate([counts[:, :1], counts[:, 2:]], axis=1)
    match state["encode"]:
        case "multi_hot":
            counts = ops.minimum(counts, 1.0)
        case "tf_idf":
            counts = ops.multiply(counts, codec.weights)
    return ops.reshape(counts, (-1, *codec.shape))


LAYER = KerasLayer(
    "text",
    _values,
    _tensor,
    need="words",
    apart=KerasLayer("words", _words, _tensor_of_words, _shape_of_words, need="tables"),
)
