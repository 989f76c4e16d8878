"""What a competent person writes with Keras: `keras_fit.py CASE DATA.npz EPOCHS RESULT.json`."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf


class Seconds(keras.callbacks.Callback):  # type: ignore[misc]
    """Times the epochs."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self._started)


def main(case: str, data: str, epochs: str, result: str) -> None:
    """Train and write the seconds of each epoch."""
    module = importlib.import_module(f"benchmarks.cases.{case}")
    arrays = np.load(data)
    x, y = arrays["x"], arrays["y"]
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(module.BATCH)
    watch = Seconds()
    module.keras_model().fit(dataset, epochs=int(epochs), callbacks=[watch], verbose=0)
    Path(result).write_text(json.dumps(watch.seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
