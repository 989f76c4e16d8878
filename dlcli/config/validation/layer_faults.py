"""Layers of Keras's that do nothing, or the wrong thing, where they stand; they would be trained with in silence."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from dlcli.config.document.places import ConfigPath, format_path
from dlcli.errors import Problem

__all__ = ["ADAPTED", "layer_fault"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Adapted:
    """A layer that learns from data by `adapt`, which comes before training and which a config has not.

    Args:
        arguments: Any of these, when given, says what `adapt` would learn.
        hint: The way out.
    """

    arguments: tuple[str, ...]
    hint: str


_WORDS = "give vocabulary, or encode the feature: {type: category} or {type: text, encode: {sequence: 100}}"

ADAPTED: dict[str, _Adapted] = {
    "Normalization": _Adapted(
        ("mean", "variance"), "leave it out and scale the feature: scale: standard; or give mean and variance"
    ),
    "Discretization": _Adapted(("bin_boundaries",), "give bin_boundaries, a list of numbers"),
    "IntegerLookup": _Adapted(("vocabulary",), _WORDS),
    "StringLookup": _Adapted(("vocabulary",), _WORDS),
    "TextVectorization": _Adapted(("vocabulary",), _WORDS),
}
"""Keras's layers with `adapt`."""

_MIXERS = ("CutMix", "MixUp")
"""Layers that mix samples, and with them labels that they are not given here."""


def layer_fault(
    name: str, arguments: Mapping[str, Any], path: ConfigPath, given: Collection[str] | None
) -> Problem | None:
    """The fault of a layer that Keras would take.

    Args:
        name: Keras's name of the layer.
        arguments: Its arguments.
        path: Where it stands.
        given: Arguments that are set from outside; None when they are not known.
    """
    on_batch = path[:2] == ("data", "augment")
    if name in _MIXERS and not on_batch:
        return Problem(
            f"{name} mixes samples, and as a layer of the model it leaves their labels as they are",
            path=format_path(path),
            hint=f"leave it out here; `data.augment: [{name}]` mixes both",
            rule="mixes-labels",
        )
    if on_batch and name not in _MIXERS:
        return Problem(
            f"{name} mixes no samples: `data.augment` takes {' and '.join(reversed(_MIXERS))}",
            path=format_path(path),
            hint="what changes images one by one stands in the `augment` of a feature of type image",
            rule="mixes-labels",
        )
    adapted = ADAPTED.get(name)
    if adapted is None or given is None:
        return None
    if any(arguments.get(argument) is not None or argument in given for argument in adapted.arguments):
        return None
    return Problem(
        f"{name} learns from data by Keras's adapt, which nothing calls here; without it the layer knows nothing",
        path=format_path(path),
        hint=adapted.hint,
        rule="needs-adapt",
    )
