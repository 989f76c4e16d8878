"""A codec once more, as Keras layers: the contract of `dlcli/codecs/<type>/keras_layer.py`.

With them an exported model takes columns instead of encoded numbers. A column is an input of its own: text, float64 for
numbers and for the seconds since 1970 (UTC) of instants, all `(batch, 1)`, and `(batch, *shape)` for arrays. A missing
value is the empty text, or NaN. Where texts cannot be taken apart, truth values go in as 1 and 0, and texts as words
`(batch, words)`, the empty text after the last. A graph of layers cannot refuse a cell with its row, as a codec does:
where it has no value to put there, the prediction is NaN, or the runtime reports an unknown text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from dlcli.config.options.types import part
from dlcli.data.columns.cells import labels
from dlcli.data.columns.codec import Codec, Column
from dlcli.errors import ModelError, Problem

__all__ = ["ColumnKind", "KerasLayer", "Need", "layer_of", "name_values", "text_values"]

ColumnKind: TypeAlias = Literal["number", "text", "datetime", "boolean", "words"]
"""As what a column goes into the model."""

Need: TypeAlias = Literal["nothing", "tables", "words", "float64"]
"""What the layers of a feature need beside arithmetic in float32: tables to look texts up as they are; to take texts
apart, and then such tables; or float64."""

_Codec = TypeVar("_Codec")


@dataclasses.dataclass(frozen=True, slots=True)
class KerasLayer(Generic[_Codec]):
    """What a type needs for a model that encodes its columns itself.

    Args:
        kind: As what its columns go into the model.
        values: The cells of a column as the model takes them, `(rows, ...)`: float64, or texts.
        tensor: With the package `keras`, the codec and the tensors of its columns: what the codec encodes,
            `(batch, *shape)` of its dtype.
        shape: Of one sample of a column.
        need: What not every format of exports has.
        apart: The layer for formats that do not have it, whose columns go in taken apart already.
    """

    kind: ColumnKind
    values: Callable[[_Codec, Column], NDArray[Any]]
    tensor: Callable[[Any, _Codec, Sequence[Any]], Any]
    shape: Callable[[_Codec], tuple[int | None, ...]] = lambda codec: (1,)
    need: Need = "nothing"
    apart: KerasLayer[_Codec] | None = None


def layer_of(codec: Codec, lacks: Collection[Need] = ()) -> KerasLayer[Any]:
    """The Keras layer of a codec's type.

    Args:
        codec: The codec.
        lacks: What a format does not have of what layers need.

    Raises:
        ModelError: The type has none.
    """
    module = part(codec.type, "keras_layer")
    if module is None:
        message = f"a feature of type {codec.type} has no Keras layers"
        raise ModelError(Problem(message, hint="export without --with-preprocessing", rule="not-portable"))
    layer = cast("KerasLayer[Any]", module.LAYER)
    apart = layer.apart
    return apart if layer.need in lacks and apart is not None and apart.need not in lacks else layer


def name_values(codec: Codec, cells: Column) -> NDArray[np.str_]:
    """The names of the cells `(rows, 1)`; a missing one is empty."""
    return _texts(cells, as_written=False)


def text_values(codec: Codec, cells: Column) -> NDArray[np.str_]:
    """The cells as they are written `(rows, 1)`; a missing one is empty."""
    return _texts(cells, as_written=True)


def _texts(cells: Column, *, as_written: bool) -> NDArray[np.str_]:
    read = labels(cells, as_written=as_written)
    texts: NDArray[np.str_] = np.array([*read.names, ""], dtype=np.str_)[read.codes]
    return texts[:, np.newaxis]
