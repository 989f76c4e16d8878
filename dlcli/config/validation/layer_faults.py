"""Layers of Keras's that do nothing, or the wrong thing, where they stand; they would be trained with in silence."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from dlcli.config.document.places import ConfigPath, format_path
from dlcli.errors import Problem

__all__ = ["ADAPTED", "layer_fault", "learns_by_adapt"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Adapted:
    """A layer that learns from data by `adapt`, which comes before training.

    Args:
        arguments: Any of these, when given, says what `adapt` would learn.
        hint: The way out, where it cannot learn.
        of_texts: It learns from texts, which no layer is given: features are numbers when they come to the model.
    """

    arguments: tuple[str, ...]
    hint: str
    of_texts: bool = False


_WORDS = "encode the feature: {type: category}, or {type: text, encode: {sequence: 100}}, which learn the same words"

ADAPTED: dict[str, _Adapted] = {
    "Normalization": _Adapted(
        ("mean", "variance"), "leave it out and scale the feature: scale: standard; or give mean and variance"
    ),
    "Discretization": _Adapted(("bin_boundaries",), "give bin_boundaries, a list of numbers"),
    "IntegerLookup": _Adapted(("vocabulary",), "give vocabulary, a list of whole numbers"),
    "PiecewiseLinearEmbedding": _Adapted(("boundaries",), "give boundaries, a list of numbers for each input"),
    "StringLookup": _Adapted(("vocabulary",), _WORDS, of_texts=True),
    "TextVectorization": _Adapted(("vocabulary",), _WORDS, of_texts=True),
}
"""Keras's layers with `adapt`."""

_MIXERS = ("CutMix", "MixUp")
"""Layers that mix samples, and with them labels that they are not given here."""


def learns_by_adapt(name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a layer of Keras's is to learn from the training rows: nothing says what it would learn.

    Example:
        >>> learns_by_adapt("Normalization", {}), learns_by_adapt("Normalization", {"mean": 0.0, "variance": 1.0})
        (True, False)
    """
    adapted = ADAPTED.get(name)
    given = adapted is not None and any(arguments.get(argument) is not None for argument in adapted.arguments)
    return adapted is not None and not adapted.of_texts and not given


def layer_fault(
    name: str, arguments: Mapping[str, Any], path: ConfigPath, given: Collection[str] | None, *, inside: bool = False
) -> Problem | None:
    """The fault of a layer that Keras would take.

    Args:
        name: Keras's name of the layer.
        arguments: Its arguments.
        path: Where it stands.
        given: Arguments that are set from outside; None when they are not known.
        inside: It stands inside of another layer, and not in a list of layers.
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
    if adapted is None or given is None or not (inside or adapted.of_texts):
        return None  # it is adapted before training
    if any(arguments.get(argument) is not None or argument in given for argument in adapted.arguments):
        return None
    why = (
        "by Keras's adapt, which is called for layers in the list of layers alone"
        if inside
        else ("by Keras's adapt, from texts, and features are numbers when they come to the model")
    )
    return Problem(
        f"{name} learns {why}; without it the layer knows nothing",
        path=format_path(path),
        hint=adapted.hint,
        rule="needs-adapt",
    )
