"""Fit a compiled model as tutorials do: `keras_refit.py MODEL.keras DATA.npz BATCH EPOCHS RESULT.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras_fit import Seconds  # the folder of a script is on its path


def main(model_file: str, data: str, batch: str, epochs: str, result: str) -> None:
    """Train and write the seconds of each epoch."""
    model = keras.models.load_model(model_file)
    arrays = np.load(data)
    x, y = arrays["x"], arrays["y"].reshape(-1, 1).astype(np.float32)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(int(batch))
    watch = Seconds()
    model.fit(dataset, epochs=int(epochs), callbacks=[watch], verbose=0)
    Path(result).write_text(json.dumps(watch.seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
