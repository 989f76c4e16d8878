"""The usual tabular network: 20 numbers, 64-64-1, Adam, batches of 32."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "20 numbers, 64-64-1, Adam, batch 32"
AT_LEAST = 22.0
BATCH = 32
EPOCHS = 5

CONFIG = """
model:
  layers:
    - Dense: {units: 64, activation: relu}
    - Dense: {units: 64, activation: relu}
    - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: adam, loss: binary_crossentropy, metrics: [accuracy]}
"""

SKLEARN = {"hidden_layer_sizes": (64, 64), "solver": "adam"}


def data() -> dict[str, Any]:
    """100,000 rows, two classes."""
    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(100_000, 20)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] + numbers.normal(size=len(x)) * 0.3 > 0).astype(np.int32)
    return {"x": x, "y": y}


def keras_model() -> Any:
    """As in Keras's guides."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((20,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def torch_model() -> Any:
    """The same in PyTorch, with its loss and optimizer."""
    from torch import nn, optim

    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    return model, nn.BCEWithLogitsLoss(), optim.Adam(model.parameters())
