"""How many tensors a layer gives, as far as the config tells: `lstm.1` is the first state, if there are states."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dlcli.config.graph.calls import keras_layer
from dlcli.config.graph.drafts import Draft, Scope
from dlcli.config.schema.component import Component

__all__ = ["more_tensors", "tensor_count"]

_STATES = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1, "ConvLSTM1D": 2, "ConvLSTM2D": 2, "ConvLSTM3D": 2}
"""The states of recurrent layers, which they give behind their output when they are asked to."""

_CELLS = {"LSTMCell": 2, "GRUCell": 1, "SimpleRNNCell": 1}

_ATTENTION = ("AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention")


def tensor_count(owner: Draft, call: Mapping[str, Any], *, own: Collection[str] = ()) -> int | None:
    """The number of tensors; None when only building the layer shows it.

    Args:
        owner: The layer, or the first use of it.
        call: Arguments of this call of it.
        own: The names of the user's own layers.
    """
    if owner.inner is not None:
        inner = owner.inner
        if inner.outputs is None:
            return len(inner.ends)
        return sum(len(inner.group(word, Scope())) or 1 for word in inner.outputs)
    component = owner.component
    if component is None or keras_layer(component.name, own) is None:
        return None
    if component.name in _ATTENTION:
        return 2 if call.get("return_attention_scores") is True else 1
    states = _states(component)
    return 1 + states if states is not None else None


def more_tensors(owner: Draft, count: int, *, own: Collection[str] = ()) -> str:
    """What makes a layer give more tensors than it does."""
    if owner.component is None:
        return "list more of its layers in its `outputs`"
    if count > 1:
        return f"they are counted from 0: the last is number {count - 1}"
    name = owner.component.name
    if name in _ATTENTION:
        return "`call: {return_attention_scores: true}` beside it gives the scores too"
    if name in ("Bidirectional", "RNN", *_STATES) and name not in own:
        inner = name if name != "Bidirectional" else "the layer inside"
        return f"`return_state: true` in {inner} gives the states too"
    return "take it without a number"


def _states(component: Component) -> int | None:
    """How many states a layer of Keras's gives; None when nobody can tell."""
    arguments = component.arguments
    if component.name == "Bidirectional":
        inner = _component(arguments.get("layer"))
        states = _states(inner) if inner is not None and inner.name in ("RNN", *_STATES) else None
        return None if states is None else 2 * states
    if component.name != "RNN" and component.name not in _STATES:
        return 0 if component.name != "TimeDistributed" else None
    if arguments.get("return_state") is not True:
        return 0
    return _STATES.get(component.name) or _states_of_cell(arguments.get("cell"))


def _states_of_cell(value: Any) -> int | None:
    cells = value if isinstance(value, list) else [value]
    total = 0
    for each in cells:
        cell = _component(each)
        if cell is None:
            return None
        inside = cell.arguments.get("cells")
        states = _states_of_cell(inside) if cell.name == "StackedRNNCells" else _CELLS.get(cell.name)
        if states is None:
            return None
        total += states
    return total


def _component(value: Any) -> Component | None:
    try:
        return Component.parse(value)
    except ValueError:
        return None
