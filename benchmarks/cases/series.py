"""Series: LSTM(64) over 32 steps of 8 numbers, Adam, batches of 32."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "LSTM(64) over 32 steps of 8, batch 32"
AT_LEAST = 2.4
BATCH = 32
EPOCHS = 3

CONFIG = """
model:
  layers:
    - LSTM: {units: 64}
    - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: adam, loss: binary_crossentropy, metrics: [accuracy]}
"""


def data() -> dict[str, Any]:
    """20,000 series, two classes."""
    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(20_000, 32, 8)).astype(np.float32)
    return {"x": x, "y": (x[:, :, 0].sum(axis=1) > 0).astype(np.int32)}


def keras_model() -> Any:
    """As in Keras's guides."""
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((32, 8)), layers.LSTM(64), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def torch_model() -> Any:
    """The same in PyTorch, with its loss and optimizer."""
    from torch import nn, optim

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.dense = nn.LSTM(8, 64, batch_first=True), nn.Linear(64, 1)

        def forward(self, x: Any) -> Any:
            return self.dense(self.lstm(x)[0][:, -1])

    model = Network()
    return model, nn.BCEWithLogitsLoss(), optim.Adam(model.parameters())
