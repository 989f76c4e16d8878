"""EarlyStopping by a value of the rows trained on stops when these are learnt by heart, whatever validation says."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.checks.modes import watched
from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each that watches the training although rows are held back to tell."""
    if config.data.validation is None:
        return
    for index, callback in enumerate(config.callbacks):
        monitor = watched(callback) if callback.name == "EarlyStopping" else None
        if monitor is not None and not monitor.startswith("val_") and monitor != "learning_rate":
            yield Finding(
                f"callbacks[{index}].EarlyStopping.monitor",
                f"EarlyStopping watches {monitor!r}, a value of the rows trained on, and there is a validation split",
                f"use monitor: val_{monitor}",
            )
