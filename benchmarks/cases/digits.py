"""Handwritten digits with one hidden layer: 784-512-10, Adam, batches of 128."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "784-512-10, Adam, batch 128"
AT_LEAST = 1.6
BATCH = 128
EPOCHS = 4

CONFIG = """
model:
  layers:
    - Dense: {units: 512, activation: relu}
    - Dense: {units: 10, activation: softmax}
compile: {optimizer: adam, loss: sparse_categorical_crossentropy, metrics: [accuracy]}
"""

SKLEARN = {"hidden_layer_sizes": (512,), "solver": "adam"}


def data() -> dict[str, Any]:
    """60,000 images of 784 numbers from 0 to 1, ten classes."""
    numbers = np.random.default_rng(0)
    y = numbers.integers(0, 10, 60_000).astype(np.int32)
    x = numbers.random(size=(len(y), 784), dtype=np.float32)
    x[np.arange(len(y)), y * 70] += 1
    return {"x": x, "y": y}


def keras_model() -> Any:
    """As in Keras's guides."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [keras.Input((784,)), layers.Dense(512, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def torch_model() -> Any:
    """The same in PyTorch, with its loss and optimizer."""
    from torch import nn, optim

    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
    return model, nn.CrossEntropyLoss(), optim.Adam(model.parameters())
