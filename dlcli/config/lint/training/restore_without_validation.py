"""restore_best_weights on a training metric keeps the weights that overfit most."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    for index, callback in enumerate(config.callbacks):
        restores = callback.name == "EarlyStopping" and callback.arguments.get("restore_best_weights") is True
        if restores or callback.name == "KeepBest":
            monitor = callback.arguments.get("monitor", "val_loss")
            if config.data.validation is None and not str(monitor).startswith("val_"):
                yield Finding(
                    f"callbacks[{index}].{callback.name}" + (".restore_best_weights" if restores else ""),
                    f"the best weights are chosen by {monitor!r}, a metric of the rows trained on",
                    "set data.validation and monitor a val_ metric",
                )
