"""Squared error on softmax outputs learns slowly; cross-entropy is made for classes."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    if output.head.activation == "softmax" and loss_facts(output.loss).family == "number":
        assert output.loss is not None
        yield Finding(
            output.loss_path,
            f"{output.loss.name} is a loss for numbers, and the last layer gives class probabilities",
            "use sparse_categorical_crossentropy",
        )
