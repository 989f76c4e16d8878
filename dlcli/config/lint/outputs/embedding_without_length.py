"""A loss of embeddings takes the product of two vectors for their likeness, which it is for those of length 1."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.lint.output import Finding, Output
from dlcli.config.outputs.conventions import head_place
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    items = config.model.layers
    named = [item for item in items if item.name == output.name] if output.name is not None else list(items)
    last = named[-1].component if named else None
    own = last is None or catalogue.load().get("layers", last.name) is None
    if (
        loss_facts(output.loss).family == "embedding"
        and not own
        and last is not None
        and last.name != "UnitNormalization"
    ):
        assert output.loss is not None
        yield Finding(
            output.head_path(config),
            f"{output.loss.name} expects vectors of length 1, and {last.name} gives vectors of any length",
            "add the layer UnitNormalization",
        )


def _head_path(config: Config, output: Output) -> str:
    place = head_place(config.model.layers, output.name) if output.name is not None else None
    return f"model.layers[{len(config.model.layers) - 1 if place is None else place}]"
