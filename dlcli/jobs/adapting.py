"""Layers that learn by Keras's `adapt`, taught from the training split before the model is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dlcli.backend.runtime import configure
from dlcli.config.graph.graph import Graph
from dlcli.config.schema import Config, LayerItem, ModelConfig
from dlcli.config.schema.component import Component
from dlcli.config.schema.model import BlockConfig
from dlcli.data.prepare import Prepared
from dlcli.data.samples.samples import blocks
from dlcli.errors import Problem
from dlcli.model.adaptation import adapt, adapted_nodes
from dlcli.model.code import load_code
from dlcli.training.events import Listener, Notice, Stage

__all__ = ["adapt_layers", "with_component"]

Path = tuple[str | int, ...]


def adapt_layers(config: Config, graph: Graph, prepared: Prepared, *, tell: Listener) -> tuple[Config, Graph]:
    """The config and the graph with all that layers learn from the training rows among their arguments.

    Args:
        config: The config.
        graph: Its layers.
        prepared: The data.
        tell: Called with what has learnt.

    Raises:
        DlcliError: A layer cannot learn where it stands.
    """
    nodes = adapted_nodes(graph, dict.fromkeys(_own_names(config)))
    if not nodes:
        return config, graph
    tell(Stage("adapting layers"))
    configure(config.runtime.model_copy(update={"precision": "float32"}), config.seed)
    code = load_code(config.code)
    samples = prepared.splits["train"]

    def rows(size: int) -> Iterator[Mapping[str, Any]]:
        return (part.inputs for part in blocks(samples, size))

    model = config.model
    for name in [node.name for node in nodes]:
        node = next(each for each in graph.nodes if each.name == name)
        graph, component = adapt(graph, prepared.preprocessing.inputs(graph.features), node, rows, code=code)
        model = with_component(model, node.path, component)
        message = f"{node.name} ({component.name}) has learnt from the {len(samples):,} training rows"
        tell(Notice(Problem(message, rule="adapted")))
    return config.model_copy(update={"model": model}), graph


def _own_names(config: Config) -> Sequence[str]:
    return list(load_code(config.code)) if config.code else []


def with_component(model: ModelConfig, path: Path, component: Component) -> ModelConfig:
    """The section with another component at a place: `("model", "layers", 2)`, or below `blocks`."""
    if path[1] == "layers":
        return model.model_copy(update={"layers": _replaced(model.layers, path[2], component)})
    blocks_ = dict(model.blocks or {})
    block = blocks_[str(path[2])]
    if isinstance(block, BlockConfig):
        blocks_[str(path[2])] = block.model_copy(update={"layers": _replaced(block.layers, path[4], component)})
    else:
        blocks_[str(path[2])] = _replaced(block, path[3], component)
    return model.model_copy(update={"blocks": blocks_})


def _replaced(items: Sequence[LayerItem], index: int | str, component: Component) -> list[LayerItem]:
    return [
        item.model_copy(update={"component": component}) if number == index else item
        for number, item in enumerate(items)
    ]
