"""Text as indices: Embedding(10000, 32), the average, Dense, Adam, batches of 32."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "Embedding(10000, 32), average, Dense, length 100, batch 32"
AT_LEAST = 2.4
BATCH = 32
EPOCHS = 4

CONFIG = """
model:
  layers:
    - Embedding: {input_dim: 10000, output_dim: 32}
    - GlobalAveragePooling1D: {}
    - Dense: {units: 16, activation: relu}
    - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: adam, loss: binary_crossentropy, metrics: [accuracy]}
"""


def data() -> dict[str, Any]:
    """25,000 texts of 100 words, two classes."""
    numbers = np.random.default_rng(0)
    x = numbers.integers(0, 10_000, (25_000, 100)).astype(np.int32)
    return {"x": x, "y": (x.mean(axis=1) > 5000).astype(np.int32)}


def keras_model() -> Any:
    """As in Keras's guides."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((100,), dtype="int32"),
            layers.Embedding(10000, 32),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def torch_model() -> Any:
    """The same in PyTorch, with its loss and optimizer."""
    from torch import nn, optim

    model = nn.Sequential(nn.EmbeddingBag(10000, 32, mode="mean"), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))
    return model, nn.BCEWithLogitsLoss(), optim.Adam(model.parameters())
