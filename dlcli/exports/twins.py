"""The codecs once more, as Keras layers: what lets an exported model take columns instead of encoded numbers.

A column is an input of its own, by its name: text `(batch, 1)` for categories, booleans and texts, float64 `(batch, 1)`
for numbers (float32 for LiteRT, which computes in no other), float64 seconds since 1970 (UTC) for datetimes, and
`(batch, *shape)` for arrays. A missing value is the empty text, or NaN. A graph of layers cannot refuse a cell with its
row, as a codec does: where it has no value to put there, the prediction is NaN, or the runtime reports an unknown text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.codecs.boolean.codec import WORDS, BooleanCodec
from dlcli.codecs.category.codec import CategoryCodec
from dlcli.codecs.datetime.codec import CYCLES, LINEAR, DatetimeCodec
from dlcli.codecs.number.codec import NumberCodec
from dlcli.codecs.text.codec import TextCodec
from dlcli.data.columns.cells import labels, numbers
from dlcli.data.columns.chunk import Chunk
from dlcli.data.columns.codec import Codec, Column
from dlcli.data.columns.instants import instants
from dlcli.errors import ModelError, Problem
from dlcli.exports.formats import ExportFormat, Need, NumberDtype, export_formats

__all__ = [
    "column_kinds",
    "column_values",
    "encoded_tensor",
    "make_column_inputs",
    "require_holdable",
]

DAY = 86_400.0
"""Seconds."""


def column_kinds(codecs: Mapping[str, Codec]) -> dict[str, str]:
    """How each column goes into the model: as `number`, `text` or `datetime`.

    Raises:
        ModelError: A column is read in two ways, or its name cannot be an input's.
    """
    kinds: dict[str, str] = {}
    problems: list[Problem] = []
    for codec in codecs.values():
        kind = codec.type if codec.type in ("number", "datetime") else "text"
        for column in codec.columns:
            if kinds.setdefault(column, kind) != kind:
                message = f"column {column!r} is a {kinds[column]} in one feature and a {kind} in another"
                problems.append(Problem(message, hint="export without --with-preprocessing", rule="not-portable"))
            if "/" in column:
                message = f"column {column!r} cannot be an input: Keras allows no '/' in an input's name"
                problems.append(Problem(message, hint="export without --with-preprocessing", rule="not-portable"))
    if problems:
        raise ModelError(dict.fromkeys(problems))
    return kinds


def require_holdable(codecs: Mapping[str, Codec], format: ExportFormat) -> None:
    """Refuse features whose layers a format cannot hold.

    Raises:
        ModelError: With every such feature.
    """
    able = " or ".join(each.name for each in export_formats().values() if not each.lacks)
    hint = f"use --format {able}, or export without --with-preprocessing"
    problems = [
        Problem(
            f"{format.name} cannot hold the preprocessing of the feature {name!r}: a {codec.type} {format.lacks[need]}",
            hint=hint,
            rule="not-portable",
        )
        for name, codec in codecs.items()
        if (need := _need(codec)) in format.lacks
    ]
    if problems:
        raise ModelError(problems)


def _need(codec: Codec) -> Need:
    """What the layers of a codec need beside arithmetic in float32."""
    if isinstance(codec, NumberCodec):
        return "nothing"
    return "float64" if isinstance(codec, DatetimeCodec) else "tables"


def column_values(codecs: Mapping[str, Codec], chunk: Chunk, dtype: NumberDtype = "float64") -> dict[str, NDArray[Any]]:
    """The columns of some rows as the model with preprocessing takes them, for each column an array `(rows, ...)`."""
    values: dict[str, NDArray[Any]] = {}
    for codec in codecs.values():
        for column in codec.columns:
            cells = chunk.columns[column]
            if isinstance(codec, NumberCodec):
                read = numbers(cells).values
                with np.errstate(over="ignore"):
                    values[column] = (read.reshape(len(read), -1) if read.ndim == 1 else read).astype(dtype)
            elif isinstance(codec, DatetimeCodec):
                moments = instants(cells, format=codec.state()["format"])
                seconds = np.where(moments.missing | moments.unreadable, np.nan, moments.microseconds / 1e6)
                values[column] = seconds[:, np.newaxis]
            else:
                values[column] = _texts(cells, as_written=isinstance(codec, TextCodec))[:, np.newaxis]
    return values


def make_column_inputs(codecs: Mapping[str, Codec], dtype: NumberDtype = "float64") -> dict[str, Any]:
    """A `keras.Input` for each column.

    Args:
        codecs: The features.
        dtype: Of the columns of numbers.

    Raises:
        ModelError: See `column_kinds`.
    """
    keras = startup.load()
    shapes = {
        codec.columns[0]: codec.shape
        for codec in codecs.values()
        if isinstance(codec, NumberCodec) and len(codec.columns) == 1
    }
    return {
        column: keras.Input(shapes.get(column, (1,)), dtype="string" if kind == "text" else dtype, name=column)
        for column, kind in column_kinds(codecs).items()
    }


def encoded_tensor(codec: Codec, inputs: Sequence[Any]) -> Any:
    """What the codec encodes, computed by Keras layers: `(batch, *shape)` of the codec's dtype.

    Args:
        codec: Fitted.
        inputs: The tensors of its columns.

    Raises:
        ModelError: There are no such layers.
    """
    keras = startup.load()
    match codec:
        case NumberCodec():
            return _number(keras, codec, inputs)
        case CategoryCodec():
            return _category(keras, codec, inputs[0])
        case BooleanCodec():
            return _boolean(keras, codec, inputs[0])
        case DatetimeCodec():
            return _datetime(keras, codec, inputs[0])
        case TextCodec():
            return _text(keras, codec, inputs[0])
        case _:
            message = f"a feature of type {codec.type} has no Keras layers"
            raise ModelError(Problem(message, hint="export without --with-preprocessing", rule="not-portable"))


def _texts(cells: Column, *, as_written: bool) -> NDArray[np.str_]:
    """The cells as texts: as they are written, or their names; a missing one is empty."""
    read = labels(cells, as_written=as_written)
    return np.array([*read.names, ""], dtype=np.str_)[read.codes]


def _number(keras: Any, codec: NumberCodec, inputs: Sequence[Any]) -> Any:
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


def _category(keras: Any, codec: CategoryCodec, text: Any) -> Any:
    state = codec.state()
    categories = list(codec.categories)
    first = int(codec.bucket)
    unknown = state["unknown"] == "bucket"
    table = {name: first + place for place, name in enumerate(categories)}
    if state["missing"] != "error" and "" not in table:
        counts = codec.counts
        table[""] = 0 if state["missing"] == "bucket" else first + categories.index(max(counts, key=counts.__getitem__))
    index = _lookup(keras, text, table, unknown=0 if unknown else None)
    if state["encode"] == "index":
        return keras.ops.cast(keras.ops.squeeze(index, -1), "int32")
    return keras.layers.CategoryEncoding(num_tokens=codec.size, output_mode="one_hot")(index)


def _boolean(keras: Any, codec: BooleanCodec, text: Any) -> Any:
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
    first, second = ops.split(ops.reshape(layer(text), (-1, 2)), 2, axis=1)
    meaning = np.array([missing, np.nan, *WORDS.values()], np.float32)
    values = keras.layers.Embedding(len(meaning), 1, weights=[meaning[:, np.newaxis]], trainable=False, dtype="float32")
    return ops.where(ops.equal(second, 0), ops.reshape(values(first), (-1, 1)), np.float32(np.nan))


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


def _text(keras: Any, codec: TextCodec, text: Any) -> Any:
    state = codec.state()
    sequence = state["encode"] == "sequence"
    layer = keras.layers.TextVectorization(
        output_mode="int" if sequence else state["encode"],
        output_sequence_length=state["length"],
        vocabulary=list(codec.words),
        idf_weights=codec.weights[1:] if state["encode"] == "tf_idf" else None,
    )
    # Keras takes a text a row for a row of texts when it works out the shape, and not when it runs.
    return keras.ops.cast(keras.ops.reshape(layer(text), (-1, *codec.shape)), codec.dtype)


def _datetime(keras: Any, codec: DatetimeCodec, seconds: Any) -> Any:
    ops = keras.ops
    state = codec.state()
    if state["median"] is not None:
        seconds = ops.where(ops.isnan(seconds), state["median"] / 1e6, seconds)
    statistics = state["statistics"]
    parts = []
    channel = 1
    for part in state["parts"]:
        value = _PARTS[part](ops, seconds)
        if part in LINEAR:
            constant = statistics["min"][channel] == statistics["max"][channel]
            variance = 0.0 if constant else statistics["squared_deviations"][channel] / statistics["count"][channel]
            parts.append((value - statistics["mean"][channel]) / (variance**0.5 or 1.0))
            channel += 1
        else:
            angle = value * (2 * np.pi / CYCLES[part])
            parts += [ops.sin(angle), ops.cos(angle)]
    joined = parts[0] if len(parts) == 1 else keras.layers.Concatenate(dtype="float64")(parts)
    return ops.cast(joined, "float32")


def _civil(ops: Any, seconds: Any) -> tuple[Any, Any, Any]:
    """Year, month and day from 0 of the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms")."""
    shifted = ops.floor(seconds / DAY) + 719_468.0
    era = ops.floor(shifted / 146_097.0)
    day_of_era = shifted - era * 146_097.0
    leap_days = ops.floor(day_of_era / 1460.0) - ops.floor(day_of_era / 36_524.0) + ops.floor(day_of_era / 146_096.0)
    year_of_era = ops.floor((day_of_era - leap_days) / 365.0)
    day_of_year = day_of_era - (
        365.0 * year_of_era + ops.floor(year_of_era / 4.0) - ops.floor(year_of_era / 100.0)
    )  # from the 1st of March
    shifted_month = ops.floor((5.0 * day_of_year + 2.0) / 153.0)
    day = day_of_year - ops.floor((153.0 * shifted_month + 2.0) / 5.0)
    month = shifted_month + 2.0 - 12.0 * ops.floor((shifted_month + 2.0) / 12.0)
    year = year_of_era + era * 400.0 + ops.floor((shifted_month + 2.0) / 12.0)
    return year, month, day


def _day_of_year(ops: Any, seconds: Any) -> Any:
    before = _civil(ops, seconds)[0] - 1.0
    leap_days = ops.floor(before / 4.0) - ops.floor(before / 100.0) + ops.floor(before / 400.0)
    return ops.floor(seconds / DAY) - (365.0 * before + leap_days - 719_162.0)


def _cycle(ops: Any, value: Any, length: float) -> Any:
    return value - length * ops.floor(value / length)


_PARTS: dict[str, Callable[[Any, Any], Any]] = {
    "timestamp": lambda ops, seconds: seconds,
    "year": lambda ops, seconds: _civil(ops, seconds)[0],
    "month": lambda ops, seconds: _civil(ops, seconds)[1],
    "day": lambda ops, seconds: _civil(ops, seconds)[2],
    "day_of_year": _day_of_year,
    "weekday": lambda ops, seconds: _cycle(ops, ops.floor(seconds / DAY) + 3.0, 7.0),
    "hour": lambda ops, seconds: _cycle(ops, ops.floor(seconds / 3600.0), 24.0),
    "minute": lambda ops, seconds: _cycle(ops, ops.floor(seconds / 60.0), 60.0),
    "second": lambda ops, seconds: _cycle(ops, ops.floor(seconds), 60.0),
}
