"""Embeddings inside of layers and models of the user's own have room for what they are given.

They are tried on the rows with the least and the greatest numbers: nothing but the code says what it makes of them.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from dlcli.backend.failures import read_beyond
from dlcli.config.document.places import format_path
from dlcli.data.samples.samples import Samples, blocks
from dlcli.errors import Problem
from dlcli.model.assembly import Assembly
from dlcli.model.faults import model_faults

__all__ = ["check_own_indices"]

MOST_COLUMNS = 256
"""Numbers of a row that are looked at one by one; of more only the least and the greatest of all."""

AT_ONCE = 256
"""Rows that are tried together where the config does not say how many make a batch."""


@dataclasses.dataclass
class _Span:
    """The numbers that an embedding was given."""

    layer: Any
    least: float
    most: float


def check_own_indices(assembly: Assembly, splits: Mapping[str, Samples]) -> list[Problem]:
    """The embeddings in the user's own classes that are given numbers outside of `0 ... input_dim - 1`.

    Args:
        assembly: A model that may be called: what it keeps from call to call is changed.
        splits: The samples of each split.
    """
    if all(type(layer).__module__.partition(".")[0] == "keras" for layer in _all_layers(assembly.model)):
        return []
    problems: dict[str, Problem] = {}
    for name, samples in splits.items():
        with _watched() as spans:
            beyond = _try(assembly, samples)
        for span in spans.values():
            if span.least < 0 or span.most >= span.layer.input_dim:
                problems.setdefault(span.layer.path, _problem(assembly, span, name))
        if beyond is not None and not problems:
            problems[""] = dataclasses.replace(beyond, message=f"{beyond.message} in the {name} split")
    return list(problems.values())


def _all_layers(model: Any) -> Iterator[Any]:
    yield model if type(model).__module__.partition(".")[0] != "keras" else keras.layers.Identity()
    yield from model._flatten_layers(include_self=False)


@contextlib.contextmanager
def _watched() -> Iterator[dict[int, _Span]]:
    """While this lasts embeddings note what they are given, and take the nearest row that they have."""
    spans: dict[int, _Span] = {}
    call = keras.layers.Embedding.call

    def watching(self: Any, inputs: Any) -> Any:
        if not hasattr(inputs, "numpy"):  # in a graph of the user's own there are no numbers yet
            return call(self, inputs)
        given = np.asarray(inputs)
        if given.size:
            span = spans.setdefault(id(self), _Span(self, np.inf, -np.inf))
            span.least, span.most = min(span.least, float(given.min())), max(span.most, float(given.max()))
        return call(self, keras.ops.clip(inputs, 0, self.input_dim - 1))

    keras.layers.Embedding.call = watching
    try:
        yield spans
    finally:
        keras.layers.Embedding.call = call


def _try(assembly: Assembly, samples: Samples) -> Problem | None:
    """Give the model its extreme rows; what it said when it read beyond a table of its own."""
    rows = _extreme_rows(samples)
    size = assembly.config.data.batch_size
    size = AT_ONCE if isinstance(size, str) else size
    try:
        # Read beyond its end a table gives zeros on a GPU, and an error on a CPU.
        with keras.device("cpu:0"):
            for start in range(0, len(rows), size):
                places = np.resize(rows[start : start + size], size)  # a layer may take no other number of rows
                assembly.model(samples.take(places).inputs, training=False)
    except model_faults() as error:
        if (beyond := read_beyond(error)) is not None:
            message = f"the model reads row {beyond[0]} of a table that has the rows 0 to {beyond[1] - 1}"
            return Problem(message, path="model", hint="a table with a row for every number", rule="embedding-range")
    return None


def _extreme_rows(samples: Samples) -> NDArray[np.int64]:
    """The places of the samples with the least and the greatest number of each column of each input."""
    extremes = {name: _Extremes() for name in samples.inputs}
    start = 0
    for block in blocks(samples):
        for name, array in block.inputs.items():
            extremes[name].add(array, start)
        start += len(next(iter(block.inputs.values())))
    return np.unique(np.concatenate([place for each in extremes.values() for place in each.places]))


class _Extremes:
    """Where the least and the greatest number of each column is."""

    def __init__(self) -> None:
        self.places = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._least: NDArray[Any] | None = None
        self._most: NDArray[Any] | None = None

    def add(self, array: NDArray[Any], start: int) -> None:
        """Take in some samples, of which the first is the sample `start` of all."""
        block = array.reshape(len(array), -1)
        if block.shape[1] > MOST_COLUMNS:
            block = np.stack([block.min(axis=1), block.max(axis=1)], axis=1)
        low, high = block.argmin(axis=0), block.argmax(axis=0)
        columns = np.arange(block.shape[1])
        lows, highs = block[low, columns], block[high, columns]
        if self._least is None or self._most is None:
            self._least, self._most, self.places = lows, highs, (low + start, high + start)
            return
        lower, higher = lows < self._least, highs > self._most
        self.places = np.where(lower, low + start, self.places[0]), np.where(higher, high + start, self.places[1])
        self._least, self._most = np.minimum(self._least, lows), np.maximum(self._most, highs)


def _problem(assembly: Assembly, span: _Span, split: str) -> Problem:
    layer = span.layer
    return Problem(
        f"{layer.path!r} has room for the numbers 0 to {layer.input_dim - 1}, and is given {span.least:.0f} to "
        f"{span.most:.0f} in the {split} split",
        path=_path(assembly, layer),
        hint=f"input_dim: {span.most + 1:.0f}" if span.least >= 0 else "numbers from 0 on, and input_dim to fit",
        rule="embedding-range",
    )


def _path(assembly: Assembly, layer: Any) -> str:
    """Where the layer of the config that has it stands, or the class of the model."""
    outer = next((one for one in assembly.model.layers if any(each is layer for each in one._flatten_layers())), None)
    if outer is None:
        return "model.class"
    items = assembly.config.model.layers
    kinds = [item.component.name if item.component is not None else "" for item in items]
    places = [place for place, item in enumerate(items) if item.name == outer.name]
    places = places or [place for place, kind in enumerate(kinds) if kind == type(outer).__name__]
    return format_path(("model", "layers", places[0])) if len(places) == 1 else "model.layers"
