"""The weights of the best epoch, after all epochs have been trained."""

from __future__ import annotations

import sys
from typing import Any

from dlcli.backend import startup

__all__ = ["KeepBest"]

keras = startup.load()


class KeepBest(keras.callbacks.EarlyStopping):  # type: ignore[name-defined,misc]
    """Train to the end, and then take the weights of the best epoch; of several that are as good, of the last.

    EarlyStopping that never stops, for a learning rate that comes in cycles: between two ends of cycles nothing gets
    better for long. The last of equals has been trained the longest.

    Args:
        monitor: What is to be best.
        mode: `min`, `max`, or `auto`: by the name of the value.
        verbose: 1 to be told at the end.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", verbose: int = 0) -> None:
        super().__init__(monitor, mode=mode, patience=sys.maxsize, restore_best_weights=True, verbose=verbose)

    def _is_improvement(self, value: Any, reference: Any) -> bool:
        if reference is None or value == reference:
            return True
        return bool(value < reference if self.monitor_op is keras.ops.less else value > reference)
