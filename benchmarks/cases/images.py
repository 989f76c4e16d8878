"""Images: two convolutions of 32 and 64 filters on 28x28 pixels, Adam, batches of 64."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "Conv2D 32-64 on 28x28, batch 64"
AT_LEAST = 1.6
BATCH = 64
EPOCHS = 3

CONFIG = """
model:
  layers:
    - Conv2D: {filters: 32, kernel_size: 3, activation: relu}
    - MaxPooling2D: {}
    - Conv2D: {filters: 64, kernel_size: 3, activation: relu}
    - MaxPooling2D: {}
    - Flatten: {}
    - Dense: {units: 10, activation: softmax}
compile: {optimizer: adam, loss: sparse_categorical_crossentropy, metrics: [accuracy]}
"""


def data() -> dict[str, Any]:
    """10,000 images, ten classes."""
    numbers = np.random.default_rng(0)
    y = numbers.integers(0, 10, 10_000).astype(np.int32)
    x = numbers.random(size=(len(y), 28, 28, 1), dtype=np.float32)
    x[np.arange(len(y)), y * 2, :, 0] += 1
    return {"x": x, "y": y}


def keras_model() -> Any:
    """As in Keras's guides."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def torch_model() -> Any:
    """The same in PyTorch, with its loss and optimizer; PyTorch wants the channels first."""
    from torch import nn, optim

    model = nn.Sequential(
        nn.Flatten(2),
        nn.Unflatten(1, (1, 28)),
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1600, 10),
    )
    return model, nn.CrossEntropyLoss(), optim.Adam(model.parameters())
