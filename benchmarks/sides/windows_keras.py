"""Keras's tutorial on series: `windows_keras.py TABLE.csv LENGTH BATCH EPOCHS {mlp,lstm} SECONDS.json`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from keras import layers


class Clock(keras.callbacks.Callback):
    """The seconds of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Remember when."""
        self._since = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """How long it took."""
        self.seconds.append(time.perf_counter() - self._since)


def main(table: str, length: str, batch: str, epochs: str, network: str, result: str) -> None:
    """Load, scale, window, train."""
    rows = pd.read_csv(table)[["load", "heat", "wind"]].to_numpy(np.float32)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    steps = int(length)
    windows = keras.utils.timeseries_dataset_from_array(
        rows[:-1], rows[steps:, 0], sequence_length=steps, shuffle=True, batch_size=int(batch)
    )
    body = [layers.LSTM(32)] if network == "lstm" else [layers.Flatten(), layers.Dense(64, activation="relu")]
    model = keras.Sequential([keras.Input((steps, 3)), *body, layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    clock = Clock()
    model.fit(windows, epochs=int(epochs), verbose=0, callbacks=[clock])
    Path(result).write_text(json.dumps(clock.seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
