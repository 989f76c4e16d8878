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
from dlcli.codecs.keras_layers import ColumnKind, layer_of
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


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnInput:
    """How a column goes into the model.

    Args:
        kind: As what.
        shape: Of one sample.
    """

    kind: ColumnKind
    shape: tuple[int, ...]

    def dtype(self, numbers: NumberDtype) -> str:
        """Of its tensor."""
        return {"text": "string", "number": numbers}.get(self.kind, "float64")


def column_inputs(codecs: Mapping[str, Codec]) -> dict[str, ColumnInput]:
    """How each column goes into the model.

    Raises:
        ModelError: A column is read in two ways, or its name cannot be an input's.
    """
    inputs: dict[str, ColumnInput] = {}
    problems: list[Problem] = []
    for codec in codecs.values():
        layer = layer_of(codec)
        for column in codec.columns:
            kind, shape = layer.kind, layer.shape(codec)
            known = inputs.setdefault(column, ColumnInput(kind, shape))
            if known.kind != kind:
                message = f"column {column!r} is a {known.kind} in one feature and a {kind} in another"
                problems.append(Problem(message, hint=_WITHOUT, rule="not-portable"))
            if "/" in column:
                message = f"column {column!r} cannot be an input: Keras allows no '/' in an input's name"
                problems.append(Problem(message, hint=_WITHOUT, rule="not-portable"))
    if problems:
        raise ModelError(dict.fromkeys(problems))
    return inputs


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
        if (need := layer_of(codec).need) in format.lacks
    ]
    if problems:
        raise ModelError(problems)


def column_values(codecs: Mapping[str, Codec], chunk: Chunk, dtype: NumberDtype = "float64") -> dict[str, NDArray[Any]]:
    """The columns of some rows as the model with preprocessing takes them, for each column an array `(rows, ...)`."""
    values: dict[str, NDArray[Any]] = {}
    for codec in codecs.values():
        layer = layer_of(codec)
        for column, cells in zip(codec.columns, columns_of(chunk, codec), strict=True):
            own = layer.values(codec, cells)
            with np.errstate(over="ignore"):
                values[column] = own if layer.kind == "text" else own.astype(dtype)
    return values


def make_column_inputs(codecs: Mapping[str, Codec], dtype: NumberDtype = "float64") -> dict[str, Any]:
    """A `keras.Input` for each column.

    Args:
        codecs: The features.
        dtype: Of the columns of numbers.

    Raises:
        ModelError: See `column_inputs`.
    """
    keras = startup.load()
    return {
        column: keras.Input(each.shape, dtype=each.dtype(dtype), name=column)
        for column, each in column_inputs(codecs).items()
    }


def encoded_tensor(codec: Codec, inputs: Sequence[Any]) -> Any:
    """What the codec encodes, computed by Keras layers: `(batch, *shape)` of the codec's dtype.

    Args:
        codec: Fitted.
        inputs: The tensors of its columns.

    Raises:
        ModelError: There are no such layers.
    """
    return layer_of(codec).tensor(startup.load(), codec, inputs)
