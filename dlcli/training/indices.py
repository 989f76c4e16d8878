"""Embeddings have room for what their inputs hold: found before training, because XLA reads beyond without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from dlcli.data.samples.samples import Samples, blocks
from dlcli.errors import Problem
from dlcli.model.assembly import Assembly

__all__ = ["check_indices"]

SHAPING = frozenset({"ExpandDims", "Flatten", "Identity", "Permute", "RepeatVector", "Reshape", "Squeeze"})
"""Layers that give the numbers that they take."""


def check_indices(assembly: Assembly, splits: Mapping[str, Samples]) -> list[Problem]:
    """The embeddings that an input of the model feeds with numbers outside of `0 ... input_dim - 1`.

    Args:
        assembly: The built model.
        splits: The samples of each split.
    """
    problems = []
    inputs = {id(tensor): tensor.name for tensor in assembly.model.inputs}
    for layer, name in _fed(assembly.model, inputs):
        for split, samples in splits.items():
            least, most = _range(samples, name)
            if least < 0 or most >= layer.input_dim:
                problems.append(
                    Problem(
                        f"{layer.name!r} has room for the numbers 0 to {layer.input_dim - 1}, and {name!r} goes from "
                        f"{least:.0f} to {most:.0f} in the {split} split",
                        path=_path(assembly, layer.name),
                        hint=f"input_dim: {most + 1:.0f}" if least >= 0 else "numbers from 0 on, and input_dim to fit",
                        rule="embedding-range",
                    )
                )
                break
    return problems


def _fed(model: Any, origins: Mapping[int, str]) -> Iterator[tuple[Any, str]]:
    """The embeddings that take an input as it is, perhaps in another shape, and the input's name.

    Args:
        model: A functional model, or one inside it.
        origins: By the identity of a tensor: the input of the whole model that it is.
    """
    known = dict(origins)
    for layer in model.layers:
        for node in layer._inbound_nodes:
            names = [known.get(id(tensor)) for tensor in node.input_tensors]
            if type(layer) is keras.layers.Embedding and names[0] is not None:
                yield layer, names[0]
            elif type(layer).__name__ in SHAPING and names[0] is not None:
                known[id(node.output_tensors[0])] = names[0]
            elif isinstance(layer, keras.Model) and hasattr(layer, "inputs"):  # a class may have no graph of its own
                inner = zip(layer.inputs, names, strict=False)  # masks come behind
                yield from _fed(layer, {id(tensor): name for tensor, name in inner if name is not None})


def _range(samples: Samples, name: str) -> tuple[float, float]:
    least, most = np.inf, -np.inf
    for block in blocks(samples, inputs=[name]):
        numbers = block.inputs[name]
        least, most = min(least, float(numbers.min())), max(most, float(numbers.max()))
    return least, most


def _path(assembly: Assembly, name: str) -> str:
    """Where the layer is in the config; a layer without a name of its own by the only one of its kind."""
    layers = assembly.config.model.layers
    places = [place for place, item in enumerate(layers) if item.name == name]
    kinds = [item.component.name if item.component is not None else "" for item in layers]
    places = places or [place for place, kind in enumerate(kinds) if kind == "Embedding"]
    return f"model.layers[{places[0]}]" if len(places) == 1 else "model.layers"
