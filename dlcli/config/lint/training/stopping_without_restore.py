"""EarlyStopping stops `patience` epochs after the best one, and keeps the weights of the last unless it is told."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.checks.modes import watched
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]

FEW = 1
"""Epochs of patience that make next to no difference."""


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each that waits for validation to get better, where nothing keeps the best weights."""
    if any(callback.name == "KeepBest" or _keeps_best(callback.arguments) for callback in config.callbacks):
        return
    for index, callback in enumerate(config.callbacks):
        if callback.name != "EarlyStopping" or not (watched(callback) or "").startswith("val_"):
            continue
        patience = callback.arguments.get("patience", 0)
        if isinstance(patience, int) and patience > FEW:
            yield Finding(
                f"callbacks[{index}].EarlyStopping",
                f"the weights that are kept are those of {patience} epochs after the best one",
                "add restore_best_weights: true",
            )


def _keeps_best(arguments: object) -> bool:
    return isinstance(arguments, dict) and (
        arguments.get("restore_best_weights") is True or arguments.get("save_best_only") is True
    )
