"""How a layer is applied: its tensors in order, in a list, or by the names of its call's arguments."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from dlcli.config.graph.calls import QUERY_VALUE_KEY, first_names, keras_layer
from dlcli.config.graph.graph import Node

__all__ = ["call_layer", "input_form"]


def call_layer(node: Node, form: str, layer: Any, incoming: list[Any]) -> Any:
    """What the layer gives.

    Args:
        node: Says which arguments the tensors are for, and what else the call is given.
        form: As `input_form` says.
        layer: The Keras layer, or the nested model.
        incoming: The tensors, in the order of `node.inputs`.
    """
    if node.arguments:
        return _by_name(layer, _arguments(node, incoming), form, node.call)
    if form == "arguments":
        return layer(*incoming, **node.call)
    if form == "states" and len(incoming) > 1:
        return layer(incoming[0], initial_state=incoming[1:], **node.call)
    return layer(incoming if len(incoming) > 1 else incoming[0], **node.call)


def input_form(owner: Node, layer: Any, code: Mapping[str, object]) -> str:
    """How a layer takes its inputs.

    `one`, `list` or `arguments` as in the catalogue; `states` for recurrent layers, which take their first states
    beside; `any` for nested models and the user's own layers, which may take a tensor or a list.
    """
    entry = keras_layer(owner.component.name, code) if owner.component is not None else None
    if owner.component is None:
        return "any"
    parameters = [
        each
        for each in inspect.signature(layer.call).parameters.values()
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    if entry is None:
        required = [each for each in parameters if each.default is each.empty and each.name not in ("training", "mask")]
        return "arguments" if len(required) > 1 else "any"
    if entry.inputs == "one" and any(each.name == "initial_state" for each in parameters):
        return "states"
    return entry.inputs


def _arguments(node: Node, incoming: list[Any]) -> dict[str, Any]:
    """The tensors by the arguments that take them."""
    given, start = {}, 0
    for argument, count in node.arguments:
        end = start + (1 if count is None else count)
        given[argument] = incoming[start] if count is None else incoming[start:end]
        start = end
    return given


def _by_name(layer: Any, given: dict[str, Any], form: str, call: Mapping[str, Any]) -> Any:
    """Keras has renamed the first argument of its layers, and passes it by position: so do we."""
    entry = keras_layer(type(layer).__name__) if form not in ("any", "arguments") else None
    if entry is None:
        # Keras orders what is named by its name: the query comes first all the same.
        first = [given.pop("query")] if "query" in given and type(layer).__module__.startswith("keras.") else []
        return layer(*first, **given, **call)
    attended = [given.pop(name) for name in QUERY_VALUE_KEY if name in given]
    if attended:
        return layer(attended, **given, **call)
    applied_to = next((name for name in given if name in first_names(entry)), None)
    return layer(**given, **call) if applied_to is None else layer(given.pop(applied_to), **given, **call)
