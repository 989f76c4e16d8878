"""Quantiles that do not say how far a target spreads: one alone, and those that an activation holds together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from dlcli.config.document.places import format_path
from dlcli.config.outputs.conventions import Head, head_place
from dlcli.config.outputs.target_scale import is_bounded
from dlcli.config.schema import Config
from dlcli.config.signature import TargetSpec

__all__ = ["bounded_quantiles", "one_quantile"]

POSITIVE = ("softplus", "exponential")
"""Activations that give any positive number, as a target that cannot be negative wants it."""


class Learning(Protocol):
    """An output of the model."""

    @property
    def name(self) -> str | None:
        """Its layer's."""

    @property
    def head(self) -> Head:
        """Its last layer."""

    @property
    def target(self) -> TargetSpec | None:
        """What it learns, when that is known."""


def one_quantile(config: Config, output: Learning) -> Iterator[tuple[str, str, str]]:
    """One quantile alone is a prediction that is meant to be too low or too high, and tells no interval."""
    for name, target in config.data.target.items():
        if target is None or len(target.learnt_quantiles) != 1:
            continue
        level = target.learnt_quantiles[0]
        yield (
            format_path(("data", "target", name, "quantiles")),
            f"{level!r} is the only quantile of {name!r}, so that it is the prediction and there is no interval",
            "use several, such as [0.1, 0.5, 0.9]"
            if level != 0.5
            else "mean_absolute_error learns the median without them",
        )


def bounded_quantiles(config: Config, output: Learning) -> Iterator[tuple[str, str, str]]:
    """Quantiles spread beyond the rows that were seen, and an activation that bounds them holds them together."""
    target, activation = output.target, output.head.activation
    if target is None or not target.quantiles or activation in POSITIVE:
        return
    if is_bounded(config.model.layers, output.name):
        place = head_place(config.model.layers, output.name) if output.name is not None else None
        yield (
            f"model.layers[{len(config.model.layers) - 1 if place is None else place}]",
            f"{activation or 'the last layer'} bounds the quantiles of {target.name!r}, which lie on both sides of it",
            "drop the activation; softplus or exponential where the target cannot be negative",
        )
