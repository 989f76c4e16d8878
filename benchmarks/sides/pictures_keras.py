"""Keras's tutorial on images, from a folder to a saved model: `pictures_keras.py FOLDER EPOCHS MODEL.keras`."""

from __future__ import annotations

import sys

import keras
import tensorflow as tf
from keras import layers


def main(folder: str, epochs: str, model_file: str) -> None:
    """Load, cache, train, save."""
    dataset = keras.utils.image_dataset_from_directory(folder, image_size=(64, 64), batch_size=32, seed=0)
    dataset = dataset.cache().shuffle(100).prefetch(buffer_size=tf.data.AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((64, 64, 3)),
            layers.Rescaling(1.0 / 255),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(dataset, epochs=int(epochs), verbose=0)
    model.save(model_file)


if __name__ == "__main__":
    main(*sys.argv[1:])
