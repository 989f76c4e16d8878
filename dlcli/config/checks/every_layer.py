"""Every layer that a model names, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlcli.config.document.places import format_path
from dlcli.config.schema import LayerItem, ModelConfig
from dlcli.config.schema.component import Component

__all__ = ["every_layer"]


def every_layer(model: ModelConfig, *, learning: bool = False) -> Iterator[tuple[str, Component]]:
    """Each with its path: in the list of layers, in a model inside, or in a block.

    Args:
        model: The `model` section.
        learning: Only those that are not frozen.
    """
    yield from _among(model.layers, learning, "model", "layers")
    for name, block in (model.blocks or {}).items():
        if isinstance(block, list):
            yield from _among(block, learning, "model", "blocks", name)
        else:
            yield from _among(block.layers, learning, "model", "blocks", name, "layers")


def _among(items: Sequence[LayerItem], learning: bool, *path: str | int) -> Iterator[tuple[str, Component]]:
    for index, item in enumerate(items):
        if learning and item.trainable is False:
            continue
        if item.component is not None:
            yield format_path((*path, index, item.component.name)), item.component
        yield from _among(item.layers or (), learning, *path, index, "layers")
