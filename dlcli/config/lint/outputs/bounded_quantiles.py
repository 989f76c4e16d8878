"""Quantiles spread beyond the rows that were seen, and an activation that bounds them holds them together."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.lint.output import Finding, Output
from dlcli.config.outputs.conventions import head_place
from dlcli.config.outputs.target_scale import is_bounded
from dlcli.config.schema import Config

__all__ = ["find"]

POSITIVE = ("softplus", "exponential")
"""Activations that give any positive number, as a target that cannot be negative wants it."""


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    target, activation = output.target, output.head.activation
    if target is None or not target.quantiles or activation in POSITIVE:
        return
    if is_bounded(config.model.layers, output.name):
        place = head_place(config.model.layers, output.name) if output.name is not None else None
        yield Finding(
            f"model.layers[{len(config.model.layers) - 1 if place is None else place}]",
            f"{activation or 'the last layer'} bounds the quantiles of {target.name!r}, which lie on both sides of it",
            "drop the activation; softplus or exponential where the target cannot be negative",
        )
