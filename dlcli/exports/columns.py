"""A model that takes columns instead of encoded numbers: its inputs, and the values that go in.

What becomes of a column is said by the type of its feature (`dlcli/codecs/<type>/keras_layer.py`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.codecs.keras_layers import ColumnKind, KerasLayer, layer_of
from dlcli.data.columns.chunk import Chunk
from dlcli.data.columns.codec import Codec
from dlcli.data.preprocessing.preprocessing import columns_of
from dlcli.errors import ModelError, Problem
from dlcli.exports.formats import ExportFormat, NumberDtype, export_formats

__all__ = [
    "ColumnInput",
    "column_inputs",
    "column_values",
    "encoded_tensor",
    "make_column_inputs",
    "require_holdable",
]

_WITHOUT = "export without --with-preprocessing"

_TEXTS = ("text", "words")

_TAKEN = ("standardize", "split", "ngrams", "length", "padding", "truncating")
"""The options of texts that say how they are taken apart, and where the words go if they are so many."""


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnInput:
    """How a column goes into the model.

    Args:
        kind: As what.
        shape: Of one sample; None: any number.
        dtype: Of its tensor.
        words: Of words, how texts are taken apart to them.
    """

    kind: ColumnKind
    shape: tuple[int | None, ...]
    dtype: str
    words: Mapping[str, Any] | None = None


def column_inputs(codecs: Mapping[str, Codec], format: ExportFormat | None = None) -> dict[str, ColumnInput]:
    """How each column goes into the model.

    Args:
        codecs: The features.
        format: What it is for; None: one that holds everything.

    Raises:
        ModelError: A column is read in two ways, or its name cannot be an input's.
    """
    inputs: dict[str, ColumnInput] = {}
    problems: list[Problem] = []
    for codec in codecs.values():
        layer = _layer(codec, format)
        for column in codec.columns:
            kind, shape = layer.kind, layer.shape(codec)
            dtype = "string" if kind in _TEXTS else "float64" if kind == "datetime" else _numbers(format)
            words = _words(codec) if kind == "words" else None
            known = inputs.setdefault(column, ColumnInput(kind, shape, dtype, words))
            if known.kind != kind:
                message = f"column {column!r} is a {known.kind} in one feature and a {kind} in another"
                problems.append(Problem(message, hint=_WITHOUT, rule="not-portable"))
            if "/" in column:
                message = f"column {column!r} cannot be an input: Keras allows no '/' in an input's name"
                problems.append(Problem(message, hint=_WITHOUT, rule="not-portable"))
    if problems:
        raise ModelError(dict.fromkeys(problems))
    return inputs


def _words(codec: Codec) -> dict[str, Any]:
    state = codec.state()
    return {name: state[name] for name in _TAKEN if name in state}


def require_holdable(codecs: Mapping[str, Codec], format: ExportFormat) -> None:
    """Refuse features whose layers a format cannot hold.

    Raises:
        ModelError: With every such feature.
    """
    able = " or ".join(each.name for each in export_formats().values() if not each.lacks)
    hint = f"use --format {able}, or {_WITHOUT}"
    problems = [
        Problem(
            f"{format.name} cannot hold the preprocessing of the feature {name!r}: a {codec.type} {format.lacks[need]}",
            hint=hint,
            rule="not-portable",
        )
        for name, codec in codecs.items()
        if (need := _layer(codec, format).need) in format.lacks
    ]
    if problems:
        raise ModelError(problems)


def column_values(
    codecs: Mapping[str, Codec], chunk: Chunk, format: ExportFormat | None = None
) -> dict[str, NDArray[Any]]:
    """The columns of some rows as the model with preprocessing takes them, for each column an array `(rows, ...)`."""
    values: dict[str, NDArray[Any]] = {}
    for codec in codecs.values():
        layer = _layer(codec, format)
        for column, cells in zip(codec.columns, columns_of(chunk, codec), strict=True):
            own = layer.values(codec, cells)
            with np.errstate(over="ignore"):
                values[column] = own if layer.kind in _TEXTS else own.astype(_numbers(format))
    return values


def make_column_inputs(codecs: Mapping[str, Codec], format: ExportFormat | None = None) -> dict[str, Any]:
    """A `keras.Input` for each column.

    Args:
        codecs: The features.
        format: See `column_inputs`.

    Raises:
        ModelError: See `column_inputs`.
    """
    keras = startup.load()
    return {
        column: keras.Input(each.shape, dtype=each.dtype, name=column)
        for column, each in column_inputs(codecs, format).items()
    }


def encoded_tensor(codec: Codec, inputs: Sequence[Any], format: ExportFormat | None = None) -> Any:
    """What the codec encodes, computed by Keras layers: `(batch, *shape)` of the codec's dtype.

    Args:
        codec: Fitted.
        inputs: The tensors of its columns.
        format: See `column_inputs`.

    Raises:
        ModelError: There are no such layers.
    """
    return _layer(codec, format).tensor(startup.load(), codec, inputs)


def _layer(codec: Codec, format: ExportFormat | None) -> KerasLayer[Any]:
    return layer_of(codec, () if format is None else format.lacks.keys())


def _numbers(format: ExportFormat | None) -> NumberDtype:
    return "float64" if format is None else format.number_dtype
