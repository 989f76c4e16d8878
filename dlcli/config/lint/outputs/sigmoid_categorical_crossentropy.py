"""Sigmoid outputs do not sum to 1, which categorical cross-entropy takes for granted."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    if output.head.activation == "sigmoid" and output.loss and loss_facts(output.loss).sum_to_one:
        yield Finding(
            output.loss_path,
            f"{output.loss.name} expects outputs that sum to 1, and the last layer's activation is sigmoid",
            "use softmax, or binary_crossentropy for one sigmoid unit",
        )
