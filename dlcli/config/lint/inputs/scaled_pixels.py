"""A pretrained network takes pixels from 0 to 255; of scaled ones it sees next to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.checks.pixels import KEEPING
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config, LayerItem
from dlcli.config.schema.component import Component

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    features = config.data.features or {}
    scaled = {name for name, feature in features.items() if feature is not None and feature.scales_pixels}
    for network, names in _networks(config.model.layers, list(features), code=bool(config.code)):
        for name in [name for name in names if name in scaled]:
            yield Finding(
                f"data.features.{name}.scale",
                f"{network} takes pixels from 0 to 255 and scales them itself, and {name!r} is scaled before it",
                f"use {name}: {{..., scale: none}}, or include_preprocessing: false",
            )


def _networks(items: Sequence[LayerItem], features: list[str], *, code: bool) -> Iterator[tuple[str, list[str]]]:
    """Each network in the list with the features whose pixels it is given, as far as the list alone tells."""
    given: dict[str, list[str]] = {name: [name] for name in features}
    before = list(features)
    for item in items:
        incoming = (
            before if item.inputs is None else [name for word in _words(item.inputs) for name in given.get(word, [])]
        )
        component = item.component
        if component is not None and _scales_itself(component, code=code):
            yield component.name, incoming
        before = incoming if component is not None and _keeps(component) else []
        if item.name is not None:
            given[item.name] = before


def _scales_itself(component: Component, *, code: bool) -> bool:
    entry = catalogue.load().get("layers", component.name)
    if entry is None or entry.kind != "applications":
        return False
    return not code and component.arguments.get("include_preprocessing", True) is not False


def _keeps(component: Component) -> bool:
    return component.name in KEEPING or component.name.startswith("Random")


def _words(inputs: Any) -> list[str]:
    if isinstance(inputs, Mapping):
        return [word for value in inputs.values() for word in _words(value)]
    return list(inputs) if isinstance(inputs, list) else [inputs]
