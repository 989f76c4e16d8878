"""The graph of a model's layers, as the builder and the summary read it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dlcli.config.schema.component import Component
from dlcli.config.signature import DEFAULT_INPUT

__all__ = ["Graph", "Node"]


@dataclasses.dataclass(frozen=True)
class Node:
    """One application of one layer. Exactly one of `component`, `model` and `shared` is given.

    Args:
        name: Unique in its graph: the user's, or generated as Keras does (`dense`, `dense_1`).
        component: The layer.
        model: A nested model, used as a layer.
        shared: The name of the node whose layer is applied again.
        inputs: Names of nodes or features, in order; never empty. `(DEFAULT_INPUT,)` is the vector of all features
            that no layer takes by name. In a nested graph also the names of the graph's own inputs.
        path: Where the layer stands in the config, such as `("model", "layers", 2)`.
        picks: For each of `inputs` which tensor of that layer: its number, or for the user's own layers its name.
        arguments: When the tensors go to arguments of the call by name: each with the number of its tensors, which
            are a list, or None for a single one. Together they are `inputs`, in order.
        call: Other arguments of the call.
        trainable: Whether its weights learn; None: as they do.
        run: The run directory that a nested model was written out from.
        vectors: The file of vectors that an embedding begins with.
    """

    name: str
    component: Component | None
    model: Graph | None
    shared: str | None
    inputs: tuple[str, ...]
    path: tuple[str | int, ...]
    picks: tuple[int | str, ...]
    arguments: tuple[tuple[str, int | None], ...] = ()
    call: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    trainable: bool | None = None
    run: str | None = None
    vectors: str | None = None


@dataclasses.dataclass(frozen=True)
class Graph:
    """The layers of a model.

    Args:
        nodes: Topologically sorted; in the order of the config where the graph leaves a choice.
        outputs: Names of nodes, in the order of the targets.
        features: Features taken by name, `DEFAULT_INPUT` not among them. Of a nested graph: its inputs
            (`input`, `input_2`, ...), in the order in which the node that holds it takes them.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    features: tuple[str, ...]

    @property
    def takes_default(self) -> bool:
        """Whether a layer takes the vector of the features that have no input of their own."""
        return any(DEFAULT_INPUT in node.inputs for node in self.nodes)
