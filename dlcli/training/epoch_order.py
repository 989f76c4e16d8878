"""Tells the batches which epoch begins, so that its order depends on nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from dlcli.data.samples.batches import Batches

__all__ = ["EpochOrder"]


class EpochOrder(keras.callbacks.Callback):  # type: ignore[misc]
    """Counting the passes over the data set would not do: Keras also takes a batch to learn the shapes.

    Args:
        batches: The training batches.
    """

    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self._batches = batches

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Take the order of this epoch."""
        self._batches.epoch = epoch
