"""Numbers in the hundreds and more drown all others, and throw the first steps of the training about."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.checks.every_layer import every_layer
from dlcli.config.document.places import format_path
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]

WIDE = 100
"""How far from 0 numbers may reach."""

SCALING = (
    *("BatchNormalization", "CategoryEncoding", "Discretization", "Embedding", "GroupNormalization", "Hashing"),
    *("IntegerLookup", "LayerNormalization", "Normalization", "RMSNormalization", "Rescaling", "UnitNormalization"),
)
"""Layers that such numbers are made for."""


def find(config: Config, output: Output) -> Iterator[Finding]:
    """The features, where no layer takes care of them; those of a list of layers of the user's own are his."""
    wide = {name: reach for name, reach in output.known.ranges.items() if max(map(abs, reach)) > WIDE}
    if not wide or config.code or any(layer.name in SCALING for _, layer in every_layer(config.model)):
        return
    name, (least, most) = next(iter(wide.items()))
    others = f"; the same goes for {len(wide) - 1} more" if len(wide) > 1 else ""
    yield Finding(
        format_path(("data", "features", name, "scale")),
        f"{name!r} comes to the model as it is, from {least:g} to {most:g}{others}",
        "use scale: standard, or begin the layers with Normalization",
    )
