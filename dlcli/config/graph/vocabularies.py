"""`Embedding: {input_dim: auto}`: how many different numbers come to a layer, from the features that they come from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli.config.catalogue.values import AUTO
from dlcli.config.document.places import format_path
from dlcli.config.graph.graph import Graph, Node
from dlcli.config.schema.component import Component
from dlcli.errors import ModelError, Problem

__all__ = ["asks_for_vocabulary", "with_vocabularies"]

_PASSING = frozenset(
    {
        "Concatenate",
        "Cropping1D",
        "Flatten",
        "Identity",
        "Maximum",
        "Permute",
        "RepeatVector",
        "Reshape",
        "ZeroPadding1D",
    }
)
"""Layers that give no greater numbers than they take."""

_EMBEDDINGS = ("Embedding", "ReversibleEmbedding")


def asks_for_vocabulary(component: Component) -> bool:
    """Whether an embedding's `input_dim` is left to the data."""
    return component.name in _EMBEDDINGS and component.arguments.get("input_dim") == AUTO


def with_vocabularies(graph: Graph, known: Mapping[str, int | None]) -> Graph:
    """The graph, each `input_dim: auto` replaced by the number that the data has.

    Args:
        graph: The layers.
        known: For each input how many different numbers there are; None where nobody knows.

    Raises:
        ModelError: What an embedding takes is no feature with a vocabulary; all of them.
    """
    filling = _Filling()
    filling.count(graph, dict(known), ())
    if filling.problems:
        raise ModelError(dict.fromkeys(filling.problems))
    return filling.fill(graph, ()) if filling.found else graph


class _Filling:
    """Follows numbers through a graph and the graphs in it; a shared layer has room for all that it is given."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.found: dict[tuple[str, ...], int] = {}

    def count(self, graph: Graph, known: dict[str, int | None], above: tuple[str, ...]) -> int | None:
        """Look at every layer; returns the vocabulary of the graph's first output."""
        owners = {node.name: node for node in graph.nodes}
        for node in graph.nodes:
            owner = owners[node.shared] if node.shared is not None else node
            given = [known.get(name) for name in node.inputs]
            at_most = max((each for each in given if each is not None), default=None) if None not in given else None
            known[node.name] = self._through(owner, node, given, at_most, (*above, owner.name))
        return known.get(graph.outputs[0]) if graph.outputs else None

    def _through(
        self, owner: Node, node: Node, given: Sequence[int | None], at_most: int | None, place: tuple[str, ...]
    ) -> int | None:
        if owner.model is not None:
            return self.count(owner.model, dict(zip(owner.model.features, given, strict=False)), place)
        component = owner.component
        if component is None:
            return None
        if any(map(asks_for_vocabulary, _with_inner(component))) and not node.call.get("reverse"):
            if at_most is None:
                self.problems.append(_unknown(node, owner))
            else:
                self.found[place] = max(at_most, self.found.get(place, 0))
        return at_most if component.name in _PASSING else None

    def fill(self, graph: Graph, above: tuple[str, ...]) -> Graph:
        """The graph with what was found."""
        return dataclasses.replace(graph, nodes=tuple(self._filled(node, (*above, node.name)) for node in graph.nodes))

    def _filled(self, node: Node, place: tuple[str, ...]) -> Node:
        if node.model is not None:
            return dataclasses.replace(node, model=self.fill(node.model, place))
        if node.component is None or place not in self.found:
            return node
        return dataclasses.replace(node, component=_with_size(node.component, self.found[place]))


def _with_inner(component: Component) -> list[Component]:
    """A layer and the one that it wraps."""
    inner = component.arguments.get("layer")
    try:
        return [component, Component.parse(inner)] if inner is not None else [component]
    except ValueError:
        return [component]


def _with_size(component: Component, size: int) -> Component:
    arguments: dict[str, Any] = dict(component.arguments)
    if asks_for_vocabulary(component):
        arguments["input_dim"] = size
    else:
        arguments["layer"] = _with_size(Component.parse(arguments["layer"]), size).notation()
    return Component(component.name, arguments)


def _unknown(node: Node, owner: Node) -> Problem:
    takes = " and ".join(node.inputs)
    return Problem(
        f"`input_dim: auto` of {owner.name}: the data does not tell how many different numbers {takes} has",
        path=format_path(owner.path),
        hint="take a category with `encode: index`, a text with `encode: {sequence: 100}` or whole numbers with "
        "`scale: none` as they are; or write the number",
        rule="unknown-vocabulary",
    )
