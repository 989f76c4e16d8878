"""Categories, looked up in a table by Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.codecs.category.categories import CategoryCodec
from dlcli.codecs.category.sequence import CategorySequenceCodec
from dlcli.codecs.keras_layers import KerasLayer, name_values
from dlcli.errors import ModelError, Problem

__all__ = ["LAYER"]


def _tensor(keras: Any, codec: CategoryCodec, inputs: Sequence[Any]) -> Any:
    state = codec.state()
    categories = list(codec.categories)
    first = int(codec.bucket)
    unknown = state["unknown"] == "bucket"
    table = {name: first + place for place, name in enumerate(categories)}
    if state["missing"] != "error" and "" not in table:
        counts = codec.counts
        table[""] = 0 if state["missing"] == "bucket" else first + categories.index(max(counts, key=counts.__getitem__))
    index = _lookup(keras, inputs[0], table, unknown=0 if unknown else None)
    if codec.form == "index":
        return keras.ops.cast(keras.ops.squeeze(index, -1), "int32")
    if not codec.plain:
        rows = codec.table()
        values = keras.layers.Embedding(*rows.shape, weights=[rows], trainable=False, dtype="float32")
        return keras.ops.reshape(values(index), (-1, rows.shape[1]))
    return keras.layers.CategoryEncoding(num_tokens=codec.size, output_mode="one_hot")(index)


def _lookup(keras: Any, text: Any, table: Mapping[str, int], *, unknown: int | None) -> Any:
    """The number of each text, `(batch, 1)` int32; an error of the runtime for others when `unknown` is None."""
    names = list(table)
    others = [] if unknown is None else [unknown]
    layer = keras.layers.StringLookup(vocabulary=names, num_oov_indices=len(others), mask_token=None)
    wanted = np.array([*others, *table.values()], np.float32)
    places = layer(text)
    if np.array_equal(wanted, np.arange(len(wanted))):
        return keras.ops.cast(places, "int32")
    values = keras.layers.Embedding(len(wanted), 1, weights=[wanted[:, np.newaxis]], trainable=False, dtype="float32")
    return keras.ops.cast(keras.ops.reshape(values(places), (-1, 1)), "int32")


def _shape(codec: CategoryCodec | CategorySequenceCodec) -> tuple[int, ...]:
    if isinstance(codec, CategorySequenceCodec):
        message = f"a graph of layers takes no sequences of several lengths, as those of {codec.columns[0]!r} are"
        raise ModelError(Problem(message, hint="export without --with-preprocessing", rule="not-portable"))
    return (1,)


LAYER = KerasLayer("text", name_values, _tensor, _shape, need="tables")
