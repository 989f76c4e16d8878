"""A first network as in tutorials: 2 numbers, 10-10-1 sigmoid, SGD, batches of 32."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "2 numbers, 10-10-1 sigmoid, SGD, batch 32"
AT_LEAST = 22.0
BATCH = 32
EPOCHS = 5

CONFIG = """
model:
  layers:
    - Dense: {units: 10, activation: sigmoid}
    - Dense: {units: 10, activation: sigmoid}
    - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: SGD, loss: mean_squared_error, metrics: [binary_accuracy]}
"""

SKLEARN = {"hidden_layer_sizes": (10, 10), "activation": "logistic", "solver": "sgd", "momentum": 0.0}


def data() -> dict[str, Any]:
    """100,000 points in two clouds."""
    numbers = np.random.default_rng(0)
    y = numbers.integers(0, 2, 100_000).astype(np.int32)
    x = (numbers.normal(size=(len(y), 2)) + np.where(y[:, None], [0, 3], [3, 0])).astype(np.float32)
    return {"x": x, "y": y}


def keras_model() -> Any:
    """As in Keras's guides."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(10, activation="sigmoid"),
            layers.Dense(10, activation="sigmoid"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="sgd", loss="mean_squared_error", metrics=["binary_accuracy"])
    return model


def torch_model() -> Any:
    """The same in PyTorch, with its loss and optimizer."""
    from torch import nn, optim

    sizes = [(2, 10), (10, 10), (10, 1)]
    model = nn.Sequential(*(layer for pair in sizes for layer in (nn.Linear(*pair), nn.Sigmoid())))
    return model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.01)
