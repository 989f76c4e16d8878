"""What a built model is made of, as data for a table."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from dlcli.config.catalogue.own import MADE_OF_KERAS
from dlcli.config.graph.graph import Graph
from dlcli.model.layers.positions import zeros_of

__all__ = ["LayerRow", "ModelSummary", "summarize"]


@dataclasses.dataclass(frozen=True, slots=True)
class LayerRow:
    """One application of a layer.

    Args:
        name: Its name in the config, or the generated one; a layer that is used again has a name for each use.
        type: Its Keras class, such as `Dense`; `Model` for a nested model.
        shapes: Shape of one sample of each output, None where a size is free.
        parameters: Its weights, as single numbers; those of a nested model are counted in its own row alone, and those
            of a layer that is used again in the row of its first use.
        inputs: What it takes, in order: names of layers, or of their uses; `lstm.1` is the second tensor of one.
        depth: 0, or how deep in nested models it stands.
        shared: The name of its first use; empty for that itself.
    """

    name: str
    type: str
    shapes: tuple[tuple[int | None, ...], ...]
    parameters: int
    inputs: tuple[str, ...]
    depth: int = 0
    shared: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ModelSummary:
    """All layers in order, and the totals of their parameters."""

    rows: tuple[LayerRow, ...]
    trainable: int
    non_trainable: int

    @property
    def parameters(self) -> int:
        """All parameters."""
        return self.trainable + self.non_trainable


def summarize(model: Any, graph: Graph | None = None) -> ModelSummary:
    """Describe a functional `keras.Model`.

    Args:
        model: The model.
        graph: What it was built from: it knows what the uses of a shared layer are called.

    Example:
        >>> summarize(model).rows[-1]  # doctest: +SKIP
        LayerRow(name='dense', type='Dense', shapes=((3,),), parameters=27, inputs=('features',), depth=0, shared='')
    """
    return ModelSummary(
        rows=tuple(_rows(model, graph, 0)),
        trainable=_size(model.trainable_weights),
        non_trainable=_size(model.non_trainable_weights),
    )


def _rows(model: Any, graph: Graph | None, depth: int) -> Iterator[LayerRow]:
    # Keras keeps the edges of a functional model in its nodes; its own `summary` reads them the same way.
    nodes = {id(node) for level in model._nodes_by_depth.values() for node in level}
    ours = _own_types(graph)
    layers = [layer for layer in model.layers if layer.name not in set(map(zeros_of, ours))]
    applied = {layer.name: [node for node in layer._inbound_nodes if id(node) in nodes] for layer in layers}
    called = _names_of_uses(graph)
    names = {
        id(node): name
        for layer, uses in applied.items()
        for node, name in zip(uses, called.get(layer) or _numbered(layer, len(uses)), strict=True)
    }
    inner = {node.name: node.model for node in graph.nodes} if graph is not None else {}
    networks = {node.name: node.component.name for node in graph.nodes if node.component} if graph is not None else {}
    rows: dict[str, list[LayerRow]] = {}
    sources: dict[str, list[str]] = {}
    # Of a shared layer's use that is an output Keras has a layer of that name, which gives what it takes.
    uses_of_others = {node.name for node in graph.nodes if node.shared is not None} if graph is not None else set()
    for layer in layers:
        if layer.name in uses_of_others:
            continue
        nested = hasattr(layer, "_nodes_by_depth")
        for place, node in enumerate(applied[layer.name]):
            taken = list(_inputs(node, names))
            row = LayerRow(
                name=names[id(node)],
                type=networks.get(layer.name, "Model") if nested else ours.get(layer.name, type(layer).__name__),
                shapes=tuple(tuple(tensor.shape[1:]) for tensor in node.output_tensors),
                parameters=0 if place else layer.count_params(),
                inputs=tuple(f"{name}.{part}" if part else name for name, part in taken),
                depth=depth,
                shared=names[id(applied[layer.name][0])] if place else "",
            )
            is_open = nested and not place and layer.name not in networks  # the layers of a network fill pages
            inside = _rows(layer, inner.get(layer.name), depth + 1) if is_open else ()
            rows[row.name], sources[row.name] = [row, *inside], [name for name, _ in taken]
    for name in _in_order(sources, graph):
        yield from rows[name]


def _in_order(sources: Mapping[str, list[str]], graph: Graph | None) -> list[str]:
    """The layers as the config has them, which keeps a branch together; what they take from before it, before them."""
    ordered: dict[str, None] = {}

    def take(name: str) -> None:
        if name in sources and name not in ordered:
            for source in sources[name]:
                take(source)
            ordered[name] = None

    nodes = graph.nodes if graph is not None else ()
    for name in [*(node.name for node in nodes), *sources]:
        take(name)
    return list(ordered)


def _own_types(graph: Graph | None) -> dict[str, str]:
    """The layers of our own, which are made of Keras's, by the names of these."""
    components = {node.name: node.component for node in graph.nodes} if graph is not None else {}
    return {name: each.name for name, each in components.items() if each is not None and each.name in MADE_OF_KERAS}


def _inputs(node: Any, names: Mapping[int, str]) -> Iterator[tuple[str, int]]:
    """What a layer is applied to, and which tensor of several.

    What operations of Keras's do, which are no layers, is followed; a mask, which they make, is passed over.
    """
    for tensor in node.arguments.keras_tensors:
        source = _made_by(tensor)
        if id(source) in names:
            yield names[id(source)], tensor._keras_history.tensor_index
        elif tensor.dtype != "bool":
            yield from _inputs(source, names)


def _made_by(tensor: Any) -> Any:
    """The node of Keras's that a tensor comes from."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def _names_of_uses(graph: Graph | None) -> dict[str, list[str]]:
    """For each layer what its uses are called, in the order in which they were made."""
    names: dict[str, list[str]] = {}
    for node in graph.nodes if graph is not None else ():
        names.setdefault(node.shared or node.name, []).append(node.name)
    return names


def _numbered(name: str, count: int) -> list[str]:
    return [name, *(f"{name} ({number})" for number in range(2, count + 1))]


def _size(weights: list[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)
