"""Training ends when its run directory is gone: what it learns would have no place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from dlcli.errors import Problem, RunError
from dlcli.runs.layout import RunDirectory

__all__ = ["Presence"]


class Presence(keras.callbacks.Callback):  # type: ignore[misc]
    """Looks after each epoch, before the callbacks of the config: ModelCheckpoint would make the directory anew.

    Args:
        run: The run that is written.
    """

    def __init__(self, run: RunDirectory) -> None:
        super().__init__()
        self._run = run

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Look whether it is there; raises RunError."""
        self.require()

    def require(self) -> None:
        """Make sure that it is there.

        Raises:
            RunError: Somebody has removed it, or moved it away.
        """
        if not self._run.record.is_file():
            path = self._run.path
            hint = f"put it back in its place, and go on with it: dlcli train --resume {path}"
            raise RunError(Problem(f"the run directory {path} is gone, or its run.json", hint=hint, rule="run-gone"))
