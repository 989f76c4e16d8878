"""Every run begins in a directory of its own, where BackupAndRestore finds no backup."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config

__all__ = ["find"]


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    for index, callback in enumerate(config.callbacks):
        if callback.name == "BackupAndRestore":
            yield Finding(
                f"callbacks[{index}].BackupAndRestore",
                "every run begins in a directory of its own, so there is never a backup to restore from",
                "every run commits its epochs by itself, and `dlcli train --resume RUN` goes on from the last",
            )
