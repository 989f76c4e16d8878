"""A wider network with the usual remedies: 256-256 with BatchNormalization and Dropout, Adam, batches of 32."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "256-256 with BatchNormalization and Dropout, batch 32"
AT_LEAST = 2.0
BATCH = 32
EPOCHS = 4

CONFIG = """
model:
  layers:
    - Dense: {units: 256, activation: relu}
    - BatchNormalization: {}
    - Dropout: {rate: 0.3}
    - Dense: {units: 256, activation: relu}
    - BatchNormalization: {}
    - Dropout: {rate: 0.3}
    - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: adam, loss: binary_crossentropy, metrics: [accuracy]}
"""


def data() -> dict[str, Any]:
    """50,000 rows of 20 numbers, two classes."""
    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(50_000, 20)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] + numbers.normal(size=len(x)) * 0.3 > 0).astype(np.int32)
    return {"x": x, "y": y}


def keras_model() -> Any:
    """As in Keras's guides."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((20,)),
            layers.Dense(256, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(256, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def torch_model() -> Any:
    """The same in PyTorch, with its loss and optimizer."""
    from torch import nn, optim

    hidden = [(20, 256), (256, 256)]
    blocks = [
        layer
        for inputs, units in hidden
        for layer in (nn.Linear(inputs, units), nn.ReLU(), nn.BatchNorm1d(units), nn.Dropout(0.3))
    ]
    model = nn.Sequential(*blocks, nn.Linear(256, 1))
    return model, nn.BCEWithLogitsLoss(), optim.Adam(model.parameters())
