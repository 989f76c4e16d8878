"""The whole script from a CSV to a saved model: `script.py DATA.csv EPOCHS MODEL.keras`."""

from __future__ import annotations

import sys

import keras
import pandas as pd
import tensorflow as tf
from keras import layers


def main(data: str, epochs: str, model_file: str) -> None:
    """Read, scale, train, save."""
    table = pd.read_csv(data)
    y = table.pop("y").to_numpy("float32")
    x = table.to_numpy("float32")
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(32)
    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(dataset, epochs=int(epochs), verbose=0)
    model.save(model_file)


if __name__ == "__main__":
    main(*sys.argv[1:])
