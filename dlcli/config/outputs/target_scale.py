"""Which targets may be scaled for training when the config does not say: those whose loss and output allow it.

A network begins near 0 with small steps, so that it takes for ever to reach a target of mean 30,000. Scaling changes
what the loss means, though: the target is left alone where the loss, or the last layer, speaks of its own unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.document.places import format_path
from dlcli.config.outputs.conventions import default_targets, head_place, layer_head, loss_names, output_losses
from dlcli.config.schema import Config, LayerItem
from dlcli.config.schema.component import Component
from dlcli.config.signature import TargetSpec

__all__ = ["is_bounded", "thresholds_of_loss", "unscalable_targets"]

_UNBOUNDED = {"linear", "leaky_relu", "leakyrelu", "hard_shrink", "soft_shrink", "tanh_shrink"}
"""The activations that give numbers of any size and sign."""

_PASSING = {"Dropout", "Flatten", "Identity", "Permute", "Reshape"}
"""The layers that give the numbers that they take."""

_OWN_UNIT = {"Rescaling", "ELU", "ReLU", "Softmax", "UnitNormalization"}
"""The layers that bound what they give, or bring it into a unit of the user's own."""

_THRESHOLDS = {"min_delta": 0.1, "baseline": 0.0, "initial_value_threshold": 0.0}
"""What callbacks hold a loss against, and from which size on it cannot be meant for a scaled target."""

_RECURRENT = {"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "SimpleRNN"}
"""The layers whose activation is `tanh` when none is given."""


def unscalable_targets(config: Config) -> dict[str, str]:
    """The targets that must not be scaled, were they numbers, and why, in words.

    Example:
        A target is not scaled under `poisson`, whose predictions are counts, nor behind `activation: sigmoid`.
    """
    outputs = list(config.model.outputs or [""])
    paired = default_targets(outputs, [TargetSpec(name, "number") for name in config.data.target])
    if paired is None:  # which `check` refuses
        return {}
    losses = output_losses(config.compile, outputs)
    found: dict[str, str] = {}
    for output, targets in paired.items():
        reason = _own_unit(losses[output])
        if not reason and is_bounded(config.model.layers, output or None):
            reason = "the last layer bounds what it gives, or has a unit of its own"
        found |= {target.name: reason for target in targets if reason}
    return found


def thresholds_of_loss(config: Config) -> Iterator[tuple[str, str]]:
    """The path and the name of each argument of a callback that holds the loss against a number of the user's."""
    losses = {f"{split}{name}" for name in loss_names(config.model.outputs or [""]) for split in ("", "val_")}
    for index, callback in enumerate(config.callbacks):
        arguments = callback.arguments
        monitor = str(arguments.get("monitor", "val_loss"))
        for name, least in _THRESHOLDS.items():
            value = arguments.get(name)
            if monitor in losses and isinstance(value, (int, float)) and abs(value) >= least:
                yield format_path(("callbacks", index, callback.name, name)), f"`{name}: {value}` of {monitor}"


def _own_unit(loss: Component | None) -> str:
    """How a loss depends on the target's unit; empty when that of a scaled target is the same but for a factor."""
    if loss is None:  # mean_squared_error
        return ""
    facts = loss_facts(loss)
    if not facts.scales:
        return f"the loss {loss.name} may depend on its unit"
    given = [name for name in facts.own_unit if name in loss.arguments]
    return f"`{given[0]}` of {loss.name} is in its unit" if given else ""


def is_bounded(layers: Sequence[LayerItem], name: str | None) -> bool:
    """Whether the output cannot be any number. One that the config does not describe can."""
    activation = layer_head(layers, name).activation
    if activation is not None:
        return activation not in _UNBOUNDED
    last = _last(layers, name)
    if last is None:
        return False
    if last.layers is not None:
        return is_bounded(last.layers, None)
    return last.component is not None and _bounds(last.component)


def _last(layers: Sequence[LayerItem], name: str | None) -> LayerItem | None:
    """The layer that makes the numbers of an output."""
    place = head_place(layers, name) if name is not None else len(layers) - 1
    if place is None:
        return None
    for item in reversed(layers[: place + 1]):
        if item.component is None or item.component.name not in _PASSING:
            return item
    return None


def _bounds(component: Component) -> bool:
    arguments: dict[str, Any] = component.arguments
    if "layer" in arguments:  # a wrapper such as Bidirectional
        try:
            return _bounds(Component.parse(arguments["layer"]))
        except ValueError:
            return False
    given = arguments.get("activation", "tanh" if component.name in _RECURRENT else None)
    if given is not None:
        try:
            return Component.parse(given).name.lower() not in _UNBOUNDED
        except ValueError:
            return False
    return component.name in _OWN_UNIT
