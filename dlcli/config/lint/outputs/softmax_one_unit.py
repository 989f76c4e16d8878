"""A softmax over one unit is always 1, so nothing is learnt."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.lint.output import Finding, Output
from dlcli.config.outputs.conventions import head_place
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    if output.head.activation == "softmax" and output.head.units == 1:
        yield Finding(
            output.head_path(config),
            "softmax over one unit is always 1, so the model cannot learn",
            "use sigmoid for one unit, or a unit for every class",
        )


def _head_path(config: Config, output: Output) -> str:
    place = head_place(config.model.layers, output.name) if output.name is not None else None
    return f"model.layers[{len(config.model.layers) - 1 if place is None else place}]"
