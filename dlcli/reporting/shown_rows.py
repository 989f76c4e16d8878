"""Encoded rows shown to people: numbers in their own unit, names for indices, pixels as pictures."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.signature import DEFAULT_INPUT
from dlcli.data.columns.codec import BendsNumbers, Codec, FillsUpSteps, NamesIndices, OpensFiles, ScalesNumbers
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.reporting.plots.axes import short_number
from dlcli.reporting.plots.svg import shortened

__all__ = ["FeaturePart", "feature_parts", "is_long", "pixels_of", "shown_cell"]

MOST_LETTERS = 160
MOST_WORDS = 30
MOST_NUMBERS = 6
FRAMES = 4
"""Of a film, that are shown."""

LEAST_SIDE = 4
"""Of what is taken for a picture."""


@dataclasses.dataclass(frozen=True, slots=True)
class FeaturePart:
    """Where the numbers of a feature stand among what the model is given.

    Args:
        name: The feature, or one number of it.
        input: The input.
        columns: Along the last axis of the input; all when None.
        codec: Of the feature, when the part is all of it and each row is a sample.
    """

    name: str
    input: str
    columns: slice | None
    codec: Codec | None = None

    def of(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """The numbers, `(rows, *shape)`."""
        array = inputs[self.input]
        return array if self.columns is None else array[..., self.columns]


def feature_parts(preprocessing: Preprocessing, inputs: Mapping[str, NDArray[Any]]) -> list[FeaturePart]:
    """The features as they are given to the model, in their order.

    Args:
        preprocessing: Fitted.
        inputs: What the model is given.
    """
    if preprocessing.windows is not None:
        return [part for name in inputs for part in _of_windows(preprocessing, name, inputs[name])]
    parts, place = [], 0
    own = set(inputs) - {DEFAULT_INPUT}
    for name, codec in preprocessing.features.items():
        if name in own or (name == DEFAULT_INPUT and codec.shape == inputs[name].shape[1:]):
            parts.append(FeaturePart(name, name, None, codec))
        elif DEFAULT_INPUT in inputs:
            width = codec.shape[0]
            parts.append(FeaturePart(name, DEFAULT_INPUT, slice(place, place + width), codec))
            place += width
    return parts


def _of_windows(preprocessing: Preprocessing, name: str, array: NDArray[Any]) -> list[FeaturePart]:
    """The numbers that an input of windows joins, or all of it."""
    names = preprocessing.names((), of=name)
    if len(names) != array.shape[-1] or array.ndim < 2:
        return [FeaturePart(name, name, None)]
    if name == DEFAULT_INPUT:
        return [FeaturePart(each, name, slice(place, place + 1)) for place, each in enumerate(names)]
    return [FeaturePart(f"{name}: {each}", name, slice(place, place + 1)) for place, each in enumerate(names)]


def shown_cell(part: FeaturePart, values: NDArray[Any]) -> str:
    """What a feature is in one row, in words.

    Args:
        part: The feature.
        values: Its numbers in the row.
    """
    codec = part.codec
    if codec is None:
        return _numbers(np.asarray(values, np.float64).reshape(-1))
    if isinstance(codec, NamesIndices) and values.dtype.kind in "iu":
        return _words(codec, values.reshape(-1))
    if isinstance(codec, FillsUpSteps):
        values = values[codec.there(values)]
    if isinstance(codec, BendsNumbers) and not codec.linear:
        return _numbers(codec.decode(np.asarray(values, np.float64)).reshape(-1))
    if isinstance(codec, ScalesNumbers):
        return _numbers((np.asarray(values, np.float64) * codec.scale + codec.offset).reshape(-1))
    names = codec.names()
    if len(names) == values.size > 1 and all("=" in name for name in names):
        there = [name.partition("=")[2] for name, value in zip(names, values.reshape(-1), strict=True) if value > 0]
        return shortened(", ".join(there[:MOST_WORDS]), MOST_LETTERS)
    if 1 < len(names) == values.size <= MOST_NUMBERS:
        parts = (name.removeprefix(f"{codec.columns[0]}.") for name in names)
        return ", ".join(f"{name} {short_number(float(value))}" for name, value in zip(parts, values, strict=True))
    return _numbers(np.asarray(values, np.float64).reshape(-1))


def is_long(part: FeaturePart, values: NDArray[Any]) -> bool:
    """Whether a feature is of more numbers in a row than tell anybody something: the steps of a window, a sound."""
    codec = part.codec
    heard = codec is None or (isinstance(codec, OpensFiles) and not isinstance(codec, NamesIndices))
    return heard and values.size > MOST_NUMBERS


def _words(codec: NamesIndices, indices: NDArray[Any]) -> str:
    names = codec.index_names()
    words = [names[index] for index in indices.tolist() if index != codec.padding and 0 <= index < len(names)]
    more = " …" if len(words) > MOST_WORDS else ""
    return shortened(" ".join(words[:MOST_WORDS]) + more, MOST_LETTERS)


def _numbers(values: NDArray[np.float64]) -> str:
    shown = ", ".join(short_number(float(value)) for value in values[:MOST_NUMBERS])
    return shown if len(values) <= MOST_NUMBERS else f"{shown}, … ({len(values):,} numbers)"


def pixels_of(part: FeaturePart, values: NDArray[Any]) -> NDArray[np.uint8] | None:
    """A row's picture `(height, width, channels)`; None where it is none.

    Args:
        part: The feature.
        values: Its numbers in the row.
    """
    if values.ndim == 4 and part.codec is not None and part.columns is None:
        places = np.linspace(0, len(values) - 1, min(len(values), FRAMES)).round().astype(np.int64)
        values = np.concatenate(values[places], axis=1)  # a film, as some of its pictures side by side
    shape = values.shape
    if part.codec is None or part.columns is not None or values.dtype.kind == "i" or len(shape) not in (2, 3):
        return None
    if len(shape) == 2:
        values = values[..., np.newaxis]
    if values.shape[-1] not in (1, 3, 4) or min(values.shape[:2]) < LEAST_SIDE:
        return None
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    return stretched(values)


def stretched(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Numbers as grays from the least to the greatest."""
    wide = np.asarray(values, np.float64)
    known = wide[np.isfinite(wide)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    span = high - low if high > low and math.isfinite(high - low) else 1.0
    return np.asarray(np.clip(np.nan_to_num((wide - low) / span) * 255, 0, 255), np.uint8)
