"""The mean and spread of a batch of a few rows are chance, and BatchNormalization takes them for those of all."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.checks.every_layer import every_layer
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]

FEWEST = 5
"""Rows of a batch from which on its mean says something."""


def find(config: Config, output: Output) -> Iterator[Finding]:
    """The batch, where a layer that learns normalizes by it."""
    size = config.data.batch_size
    if size == "full" or size >= FEWEST or config.data.windows is not None:
        return
    layers = (path for path, layer in every_layer(config.model, learning=True) if layer.name == "BatchNormalization")
    if (path := next(layers, None)) is not None:
        yield Finding(
            "data.batch_size",
            f"{path} takes mean and spread from batches of {size} row{'s' * (size != 1)}, which are chance",
            "use batch_size: 16 or more, or LayerNormalization, which asks for no batch",
        )
