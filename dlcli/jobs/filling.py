"""What the config leaves to the job with `auto`: sizes that the targets have, steps that the training has, places that
the features have. It is written into the config, so that the run says it and who builds the model again needs no rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.values import AUTO
from dlcli.config.document.places import format_path
from dlcli.config.graph.graph import Graph, Node
from dlcli.config.outputs.conventions import pair_targets
from dlcli.config.schema import Config, LayerItem
from dlcli.config.schema.component import Component
from dlcli.config.schema.config import PhaseConfig
from dlcli.config.schema.model import layers_of
from dlcli.config.signature import DEFAULT_INPUT, TargetSpec
from dlcli.data.prepare import Prepared
from dlcli.data.samples.batches import rows_of_an_epoch
from dlcli.errors import ModelError, Problem
from dlcli.jobs.adapting import with_component

__all__ = ["fill_in"]

AFTER_OUTPUT = ("Activation", "Dropout", "Identity", "RangeClip", "ReLU", "Softmax")
"""Layers that give as many numbers as they take, and may stand after the layer that has an output's units."""

_STEPS = ("steps", "decay_steps")
_ACTIVATION = {"category": "softmax", "categories": "sigmoid"}


class _Unknown(Exception):
    """Why a value cannot be told, and the way out."""


def fill_in(config: Config, graph: Graph, prepared: Prepared) -> tuple[Config, Graph]:
    """The config and its layers with the values that `auto` stands for.

    Args:
        config: The config, its types known.
        graph: Its layers.
        prepared: The data.

    Raises:
        ModelError: What is left open cannot be told where it stands; all of them.
    """
    config = _with_steps(config, _per_epoch(config, prepared))
    problems = [_nested(node, name) for node in _inside(graph.nodes) for name in _open(node)]
    for node in [node for node in graph.nodes if _open(node)]:
        assert node.component is not None
        item, found = _item(config, node), dict[str, Any]()
        for name in _open(node):
            if item is None or item.component is None or name not in item.component.arguments:
                problems.append(_set_from_outside(node, name))
                continue
            try:
                found |= _value(name, node, graph, config, prepared)
            except _Unknown as unknown:
                problems.append(_told(node, name, *unknown.args))
        if item is None or item.component is None or not found:
            continue
        # A block that is used several times is written once.
        before = item.component.arguments
        problems += [_two_values(node, name) for name in found if before.get(name, AUTO) not in (AUTO, found[name])]
        written = Component(item.component.name, {**before, **found})
        config = config.model_copy(update={"model": with_component(config.model, node.path, written)})
        component = Component(node.component.name, {**node.component.arguments, **found})
        nodes = tuple(dataclasses.replace(one, component=component) if one is node else one for one in graph.nodes)
        graph = dataclasses.replace(graph, nodes=nodes)
    if problems:
        raise ModelError(dict.fromkeys(problems))
    return config, graph


def _open(node: Node) -> list[str]:
    """The arguments of a layer that are left open here; those that are found elsewhere are not among them."""
    if node.component is None:
        return []
    entry = catalogue.load().get("layers", node.component.name)
    known = _VALUES if entry is not None else {}
    return [
        name
        for name, value in node.component.arguments.items()
        if value == AUTO and name in known and entry is not None and entry.arguments[name].auto
    ]


def _value(name: str, node: Node, graph: Graph, config: Config, prepared: Prepared) -> dict[str, Any]:
    return _VALUES[name](node, graph, config, prepared)


def _units(node: Node, graph: Graph, config: Config, prepared: Prepared) -> dict[str, Any]:
    """As many as the targets of an output have, and the activation of these where none is given."""
    targets, between = _targets(node, graph, config, prepared)
    first = targets[0]
    if first.classes:
        units = len(first.classes)
    else:
        units = sum(target.width * max(1, len(target.quantiles)) for target in targets)
    found: dict[str, Any] = {"units": units}
    activation = _ACTIVATION.get(first.kind)
    assert node.component is not None
    if (
        activation is not None
        and "activation" not in node.component.arguments
        and not between & {"Activation", "Softmax"}
    ):
        found["activation"] = activation
    return found


def _bound(which: str) -> Callable[[Node, Graph, Config, Prepared], dict[str, Any]]:
    """The least or the greatest number of the training rows, as it is learnt."""

    def find(node: Node, graph: Graph, config: Config, prepared: Prepared) -> dict[str, Any]:
        targets, _ = _targets(node, graph, config, prepared)
        if any(target.kind != "number" or target.measured for target in targets):
            raise _Unknown("what is learnt there is no number that the training rows hold", "leave the layer out")
        bounds: list[float] = []
        for target in targets:
            state = prepared.preprocessing.row_targets[target.name].state()
            statistics = state["statistics"][{"minimum": "min", "maximum": "max"}[which]]
            statistics = statistics * (target.width // len(statistics))  # the same at each step of windows
            unit = target.unit or ((0.0, 1.0),) * len(statistics)
            scaled = [(value - offset) / scale for value, (offset, scale) in zip(statistics, unit, strict=True)]
            bounds += [float(each) for each in scaled for _ in range(max(1, len(target.quantiles)))]
        return {which: bounds[0] if len(set(bounds)) == 1 else bounds}

    return find


def _places(node: Node, graph: Graph, config: Config, prepared: Prepared) -> dict[str, Any]:
    """Where in the vector of all features the numbers are."""
    if node.inputs != (DEFAULT_INPUT,):
        way = f"let it take `{DEFAULT_INPUT}`, or leave `places` out"
        raise _Unknown("only of the vector of all features is known which numbers are which", way)
    return {"places": prepared.preprocessing.places_of_numbers(graph.features)}


def _layer_steps(node: Node, graph: Graph, config: Config, prepared: Prepared) -> dict[str, Any]:
    return {"steps": config.fit.epochs * _per_epoch(config, prepared)}


_VALUES: Mapping[str, Callable[[Node, Graph, Config, Prepared], dict[str, Any]]] = {
    "units": _units,
    "steps": _layer_steps,
    "places": _places,
    "minimum": _bound("minimum"),
    "maximum": _bound("maximum"),
}


def _targets(node: Node, graph: Graph, config: Config, prepared: Prepared) -> tuple[tuple[TargetSpec, ...], set[str]]:
    """The targets of the output that a layer makes, and the layers between."""
    paired = pair_targets(graph.outputs, prepared.preprocessing.target_specs, config.compile.loss) or {}
    nodes = {each.name: each for each in graph.nodes}
    for output, targets in paired.items():
        name, between = output, set[str]()
        while name in nodes and name != node.name:
            component = nodes[name].component
            if component is None or component.name not in AFTER_OUTPUT:
                break
            between.add(component.name)
            name = nodes[name].inputs[0]
        if name == node.name and targets:
            return targets, between
    raise _Unknown("it is not the layer of an output that learns a target", "write the number")


def _per_epoch(config: Config, prepared: Prepared) -> int:
    """Updates in an epoch."""
    rows, size = len(prepared.splits["train"]), config.data.batch_size
    size = rows if size == "full" else size
    return -(-rows_of_an_epoch(rows, size, drop_last=config.data.drop_last) // size)


def _with_steps(config: Config, each: int) -> Config:
    """The optimizers with the number of steps in their schedules."""
    compiled, fit = config.compile, config.fit
    if fit.phases is not None:
        phases = [_phase_with_steps(phase, compiled.optimizer, each) for phase in fit.phases]
        fit = fit.model_copy(update={"phases": phases})
    optimizer = Component.parse(_counted(compiled.optimizer.notation(), fit.epochs * each))
    compiled = compiled.model_copy(update={"optimizer": optimizer})
    return config.model_copy(update={"compile": compiled, "fit": fit})


def _phase_with_steps(phase: PhaseConfig, compiled: Component, each: int) -> PhaseConfig:
    """A phase, whose optimizer counts the phase's own steps."""
    optimizer = (phase.optimizer or compiled).notation()
    counted = _counted(optimizer, phase.epochs * each)
    updates: dict[str, Any] = {}
    if counted != optimizer:
        updates["optimizer"] = Component.parse(counted)
    if isinstance(phase.learning_rate, Component):
        updates["learning_rate"] = Component.parse(_counted(phase.learning_rate.notation(), phase.epochs * each))
    return phase.model_copy(update=updates)


def _counted(value: Any, steps: int) -> Any:
    """A component's notation with the number of steps where it is left open, at any depth."""
    if not isinstance(value, Mapping):
        return value
    return {key: steps if key in _STEPS and item == AUTO else _counted(item, steps) for key, item in value.items()}


def _item(config: Config, node: Node) -> LayerItem | None:
    """Where the layer is written, unless that is in a nested model."""
    _, section, *rest = node.path
    if section == "layers":
        items: Sequence[LayerItem] = config.model.layers
    else:
        block, rest = (config.model.blocks or {})[str(rest[0])], rest[1:]
        items = layers_of(block)
        rest = rest[1:] if rest[:1] == ["layers"] else rest
    return items[rest[0]] if len(rest) == 1 and isinstance(rest[0], int) else None


def _inside(nodes: Sequence[Node]) -> list[Node]:
    """The layers of nested models."""
    inner = [each for node in nodes if node.model is not None for each in node.model.nodes]
    return [*inner, *_inside(inner)] if inner else []


def _told(node: Node, name: str, why: str, way_out: str) -> Problem:
    assert node.component is not None
    path = format_path((*node.path, node.component.name, name))
    return Problem(f"`{name}: auto` of {node.name} cannot be told: {why}", path=path, hint=way_out, rule="left-open")


def _nested(node: Node, name: str) -> Problem:
    return _told(node, name, "it stands in a nested model", "write the value")


def _two_values(node: Node, name: str) -> Problem:
    return _told(node, name, "the block is used several times, and would need several", "write a layer for each")


def _set_from_outside(node: Node, name: str) -> Problem:
    return _told(node, name, "it is set by `for` or `with`", "write the value")
