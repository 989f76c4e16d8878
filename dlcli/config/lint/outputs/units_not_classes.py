"""More output units than classes: some can never be right. A loss that spells sequences has one for no class."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.catalogue.facts import loss_facts
from dlcli.config.lint.output import Finding, Output
from dlcli.config.outputs.conventions import head_place
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    target, units = output.target, output.head.units
    family = loss_facts(output.loss).family
    if target is None or target.kind != "category" or units is None or not target.classes or family == "embedding":
        return
    count = len(target.classes)
    wanted, none = (count + 1, ", and none") if family == "sequence" else (count, "")
    if units > wanted:
        yield Finding(
            output.head_path(config),
            f"{units} units for the {count} classes of {target.name!r}{none}",
            f"use units: {wanted}",
        )


def _head_path(config: Config, output: Output) -> str:
    place = head_place(config.model.layers, output.name) if output.name is not None else None
    return f"model.layers[{len(config.model.layers) - 1 if place is None else place}]"
