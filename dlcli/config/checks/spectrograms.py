"""The spectrograms among the layers, and what they are told."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.checks.every_layer import every_layer
from dlcli.config.schema import ModelConfig
from dlcli.config.schema.component import Component

__all__ = ["argument", "spectrograms"]


def spectrograms(model: ModelConfig) -> Iterator[tuple[str, Component]]:
    """Each, with where it stands."""
    return ((path, layer) for path, layer in every_layer(model) if layer.name == "MelSpectrogram")


def argument(component: Component, name: str) -> float | None:
    """What is said, or Keras's default; None for what is no number."""
    entry = catalogue.load().get("layers", component.name)
    default = entry.arguments[name].default if entry is not None else None
    value = component.arguments.get(name, default)
    return value if isinstance(value, (int, float)) else None
