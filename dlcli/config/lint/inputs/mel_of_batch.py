"""MelSpectrogram cuts what is quiet by the loudest sound of the batch: what it gives depends on its neighbours."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.checks.spectrograms import argument, spectrograms
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]

CUTS_NOTHING = 200
"""Decibels from the loudest on: what `min_power` leaves is -100, and samples from -1 to 1 stay far below 100."""


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    for path, component in spectrograms(config.model):
        most = argument(component, "top_db")
        if most is not None and most < CUTS_NOTHING and component.arguments.get("power_to_db") is not False:
            yield Finding(
                f"{path}.top_db",
                f"MelSpectrogram cuts what is {most:g} dB below the loudest of the batch: rows hang on each other",
                "say top_db: 300, which cuts nothing",
            )
