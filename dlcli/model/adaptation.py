"""Keras's layers with `adapt`: they learn from the training rows before the training, and what they learnt is written
into their arguments, so that who builds the model again needs no rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dlcli.config.document.places import format_path
from dlcli.config.graph.graph import Graph, Node
from dlcli.config.schema.component import Component
from dlcli.config.signature import InputSpec
from dlcli.config.validation.layer_faults import learns_by_adapt
from dlcli.errors import ModelError, Problem
from dlcli.model.capacity import rows_at_once
from dlcli.model.components import make
from dlcli.model.faults import model_faults, reason
from dlcli.model.functional import connect_part

__all__ = ["adapt", "adapted_nodes"]

Rows = Callable[[int], Iterator[Mapping[str, Any]]]
"""The inputs of all training rows, so many at a time."""


def adapted_nodes(graph: Graph, code: Mapping[str, object]) -> list[Node]:
    """The layers of a graph that learn by `adapt`, in their order.

    Raises:
        ModelError: Some that cannot: in a nested model, or in a block that is used several times.
    """
    found = [node for node in graph.nodes if _learns(node, code)]
    places = [node.path for node in found]
    problems = [_no_place(node, "a nested model") for inner in graph.nodes for node in _inside(inner, code)]
    problems += [_no_place(node, "several layers of one item") for node in found if places.count(node.path) > 1]
    if problems:
        raise ModelError(dict.fromkeys(problems))
    return found


def adapt(
    graph: Graph, inputs: Sequence[InputSpec], node: Node, rows: Rows, *, code: Mapping[str, object]
) -> tuple[Graph, Component]:
    """Let one layer learn from what comes to it.

    Args:
        graph: The whole model; the layers before have learnt.
        inputs: Its inputs.
        node: The layer.
        rows: The training rows, encoded.
        code: The user's own classes and functions by name.

    Returns:
        The graph with what the layer learnt among its arguments, and the layer's component.

    Raises:
        ModelError: A layer before cannot be built, or the layer cannot learn from what comes.
    """
    assert node.component is not None
    here = format_path((*node.path, node.component.name))
    if len(node.inputs) != 1:
        message = f"{node.component.name} learns from one input, and {len(node.inputs)} come in"
        raise ModelError(Problem(message, path=here, hint="one such layer for each", rule="needs-adapt"))
    before = connect_part(graph, inputs, node.inputs[0], code=code)
    layer = make("layers", node.component, code=code, path=node.path)
    size = rows_at_once(before)
    try:
        _learn(layer, (np.asarray(before.predict_on_batch(dict(part))) for part in rows(size)))
        learnt = _learnt(layer)
    except model_faults() as error:
        hint = "give it what it learns as arguments"
        message = f"{node.component.name} cannot learn from what comes from {node.inputs[0]!r}: {reason(error)}"
        raise ModelError(Problem(message, path=here, hint=hint, rule="needs-adapt")) from error
    kept = {name: value for name, value in node.component.arguments.items() if name != "num_bins"}
    component = Component(node.component.name, {**kept, **learnt})
    nodes = [dataclasses.replace(each, component=component) if each is node else each for each in graph.nodes]
    return dataclasses.replace(graph, nodes=tuple(nodes)), component


def _learn(layer: Any, batches: Iterator[Any]) -> None:
    if type(layer).__name__ == "Normalization":
        layer.adapt(batches)
        return
    layer.reset_state()
    for batch in batches:
        layer.update_state(batch)
    layer.finalize_state()


def _learnt(layer: Any) -> dict[str, Any]:
    """What a layer learnt, as the arguments that say the same."""
    kind = type(layer).__name__
    if kind == "Normalization":
        return {
            "mean": np.asarray(layer.adapt_mean).tolist(),
            "variance": np.asarray(layer.adapt_variance).tolist(),
        }
    if kind == "PiecewiseLinearEmbedding":
        return {"boundaries": layer.boundaries}
    if kind == "Discretization":
        return {"bin_boundaries": [float(each) for each in np.asarray(layer.bin_boundaries)]}
    return {"vocabulary": [int(each) for each in layer.get_vocabulary(include_special_tokens=False)]}


def _learns(node: Node, code: Mapping[str, object]) -> bool:
    component = node.component
    return component is not None and component.name not in code and learns_by_adapt(component.name, component.arguments)


def _inside(node: Node, code: Mapping[str, object]) -> Iterator[Node]:
    for inner in node.model.nodes if node.model is not None else ():
        if _learns(inner, code):
            yield inner
        yield from _inside(inner, code)


def _no_place(node: Node, what: str) -> Problem:
    assert node.component is not None
    return Problem(
        f"{node.component.name} learns from the training rows, and is in {what} here",
        path=format_path((*node.path, node.component.name)),
        hint="write it once in the list of layers; or give it what it learns as arguments",
        rule="needs-adapt",
    )
