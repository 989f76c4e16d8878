"""The numbers that a compiled model may have otherwise: rates of dropout, strengths of penalties, units of targets.

    Dropout: {rate: 0.2}                          -> (("dropout",), ("rate",)): 0.2
    Dense: {kernel_regularizer: {L2: {l2: 0.1}}}  -> (("dense",), ("kernel_regularizer", "l2")): 0.1
    optimizer: {AdamW: {weight_decay: 0.01}}      -> ((), ("weight_decay",)): 0.01
    target: {price: {scale: standard}}            -> (("price",), ("unit", "0", "offset")): 5.1

They are those that nothing is decided by while a step is traced, but that they are greater than 0 and, of rates, less
than 1: such as are not stay where they are. Bounds of a range may be any: each fold has its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from dlcli.config.graph.graph import Graph, Node
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema import Config
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec
from dlcli.model.metrics.own_unit import units_of

__all__ = ["adjustable", "hold_adjustable", "without", "without_units"]

Names = tuple[str, ...]

Place = tuple[Names, Names]
"""Names of layers from the outermost in, none of the optimizer; and of arguments."""

OF_LAYERS = {
    "Dropout": ("rate",),
    "GaussianNoise": ("stddev",),
    "RangeClip": ("minimum", "maximum"),
    "SpatialDropout1D": ("rate",),
    "SpatialDropout2D": ("rate",),
    "SpatialDropout3D": ("rate",),
}

OF_REGULARIZERS = {"L1": ("l1",), "L1L2": ("l1", "l2"), "L2": ("l2",)}

OF_OPTIMIZERS = {
    "Adam": ("weight_decay", "beta_1", "beta_2"),
    "AdamW": ("weight_decay", "beta_1", "beta_2"),
    "RMSprop": ("weight_decay", "rho", "momentum"),
    "SGD": ("weight_decay", "momentum"),
}

BELOW_1 = ("beta_1", "beta_2", "momentum", "rate", "rho")

OF_ANY_SIGN = ("minimum", "maximum")
"""Bounds, which hold of predictions too."""

UNIT = "unit"
"""Stands in a place for the unit of an output's number."""

MOST_UNITS = 16
"""Numbers of all targets up to which their units are open."""

OPEN = "adjustable"
"""Stands for a number where it may be any."""


def adjustable(config: Config, graph: Graph, outputs: Iterable[OutputPlan]) -> dict[Place, float]:
    """The numbers of a config, and the units of what is learnt of the rows.

    Args:
        config: The config.
        graph: Its layers, written out.
        outputs: What each output learns.
    """
    if config.code or config.runtime.precision != "float32":
        return {}
    optimizer = config.compile.optimizer
    found = _numbers(optimizer, ((), ()), OF_OPTIMIZERS)
    return {**dict(_of_layers(graph, ())), **dict(found), **dict(_of_units(outputs))}


def hold_adjustable(model: Any, config: Config, graph: Graph, outputs: Iterable[OutputPlan]) -> None:
    """Let the programs of a compiled model read these numbers, and not hold them."""
    from dlcli.backend.numbers import hold  # TensorFlow, which is there by now

    owners = {place: _owner(model, place) for place in adjustable(config, graph, outputs)}
    hold(model, {place: owner for place, owner in owners.items() if owner is not None})


def without_units(targets: Sequence[TargetSpec]) -> list[TargetSpec]:
    """The targets of a model with their units left open, where these may be any."""
    if not _are_open(targets):
        return [*targets]
    return [dataclasses.replace(target, unit=((0.0, 1.0),) * len(target.unit)) for target in targets]


def without(config: Config, graph: Graph) -> tuple[Component, Graph]:
    """The optimizer and the layers with all these numbers left open, and a learning rate that is a number too."""
    places = set(adjustable(config, graph, ()))
    optimizer = _opened(config.compile.optimizer, ((), ()), places)
    if _is_real(optimizer.arguments.get("learning_rate")):
        optimizer = Component(optimizer.name, {**optimizer.arguments, "learning_rate": OPEN})
    return optimizer, _opened_graph(graph, (), places)


def _of_units(outputs: Iterable[OutputPlan]) -> Iterator[tuple[Place, float]]:
    outputs = [*outputs]
    if not _are_open({target.name: target for output in outputs for target in output.targets}.values()):
        return
    for output in outputs:
        for place, (offset, scale) in enumerate(output.unit):
            yield ((output.name,), (UNIT, str(place), "offset")), offset
            yield ((output.name,), (UNIT, str(place), "scale")), scale


def _are_open(targets: Iterable[TargetSpec]) -> bool:
    """Whether programs read the units of a model's targets; of many numbers they hold them, which is faster.

    What is open for the targets of the data is so for those that outputs learn, which are these or fewer.
    """
    return sum(max(target.width, len(target.unit)) for target in targets) <= MOST_UNITS


def _of_layers(graph: Graph, outer: Names) -> Iterator[tuple[Place, float]]:
    for node in graph.nodes:
        layers = (*outer, node.name)
        if node.model is not None:
            yield from _of_layers(node.model, layers)
        if node.component is not None:
            yield from _numbers(node.component, (layers, ()), OF_LAYERS)
            for argument, regularizer in _regularizers(node.component):
                yield from _numbers(regularizer, (layers, (argument,)), OF_REGULARIZERS)


def _regularizers(component: Component) -> Iterator[tuple[str, Component]]:
    for argument, value in component.arguments.items():
        if argument.endswith("_regularizer") and isinstance(value, Mapping) and len(value) == 1:
            yield argument, Component.parse(value)


def _numbers(component: Component, place: Place, known: Mapping[str, Names]) -> Iterator[tuple[Place, float]]:
    for name in known.get(component.name, ()):
        value = component.arguments.get(name)
        if _is_real(value) and (name in OF_ANY_SIGN or (value > 0 and (value < 1 or name not in BELOW_1))):
            yield (place[0], (*place[1], name)), value


def _is_real(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _owner(model: Any, place: Place) -> tuple[Any, str] | None:
    """The object that has a number, and its attribute; None where Keras keeps it elsewhere."""
    layers, (*outer, attribute) = place
    if outer[:1] == [UNIT]:
        units = units_of(model).get(layers[0], ())
        return (units[int(outer[1])], attribute) if units else None
    owner = model if layers else model.optimizer
    for name in layers:
        owner = owner.get_layer(name)
    for name in outer:
        owner = getattr(owner, name, None)
    return (owner, attribute) if _is_real(getattr(owner, attribute, None)) else None


def _opened_graph(graph: Graph, outer: Names, places: set[Place]) -> Graph:
    nodes = tuple(_opened_node(node, (*outer, node.name), places) for node in graph.nodes)
    return dataclasses.replace(graph, nodes=nodes)


def _opened_node(node: Node, layers: Names, places: set[Place]) -> Node:
    model = None if node.model is None else _opened_graph(node.model, layers, places)
    component = None if node.component is None else _opened(node.component, (layers, ()), places)
    return dataclasses.replace(node, model=model, component=component, path=())


def _opened(component: Component, place: Place, places: set[Place]) -> Component:
    layers, outer = place
    arguments = {
        name: OPEN if (layers, (*outer, name)) in places else value for name, value in component.arguments.items()
    }
    for argument, regularizer in _regularizers(component):
        arguments[argument] = _opened(regularizer, (layers, (argument,)), places).notation()
    return Component(component.name, arguments)
