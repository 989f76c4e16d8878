"""The engine's numbers are those of Keras's own `fit`: History, weights and optimizer, for models of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dlcli.config import catalogue

ROWS = 52
"""Six batches of 8 and a short one of 4: with stacks of 3, two whole stacks; with 4, a padded one."""

random = np.random.default_rng(1)
X = random.normal(size=(ROWS, 6)).astype(np.float32)
SERIES = random.normal(size=(ROWS, 6, 3)).astype(np.float32)
IMAGES = random.normal(size=(ROWS, 8, 8, 2)).astype(np.float32)
WORDS = random.integers(1, 9, (ROWS, 5)).astype(np.int32)
WORDS[:, 3:] *= random.integers(0, 2, (ROWS, 2)).astype(np.int32)  # zeros are padding
NUMBER = (X[:, :1] * 2 - X[:, 1:2]).astype(np.float32)
BINARY = (NUMBER > 0).astype(np.float32)
INDEX = (np.arange(ROWS) % 3).astype(np.int32)
WEIGHTS = random.uniform(0.2, 2, ROWS).astype(np.float32)

Spec = dict[str, Any]


def dense(units: int = 1, **keys: Any) -> dict[str, Any]:
    return {"Dense": {"units": units, **keys}}


def model(*layers: Any, x: Any = X, y: Any = NUMBER, loss: Any = "mean_squared_error", **keys: Any) -> Spec:
    """A model of one input and the output `y`; what is no part of a case goes to the `compile` section."""
    parts = {key: keys.pop(key) for key in ("one_hot", "weights", "precision", "code", "adapt") if key in keys}
    named = [*layers[:-1], {**layers[-1], "name": "y"}]
    return {
        "layers": named,
        "inputs": {"features": x},
        "targets": {"y": y},
        "compile": {"loss": loss, "optimizer": {"SGD": {"learning_rate": 0.05}}, **keys},
        **parts,
    }


def optimizer(name: str, **arguments: Any) -> Spec:
    return model(dense(4, activation="tanh"), dense(), optimizer={name: arguments} if arguments else name)


BINARY_METRICS = [
    "AUC",
    "Precision",
    "Recall",
    "BinaryAccuracy",
    {"F1Score": {"threshold": 0.5}},
    {"MeanIoU": {"num_classes": 2}},
    {"SensitivityAtSpecificity": {"specificity": 0.5}},
    "TruePositives",
]

KINDS: dict[str, Spec] = {
    "dense": model(dense(5, activation="relu"), dense(), metrics=["mae", "R2Score", "RootMeanSquaredError"]),
    "batch normalization": model(dense(4), {"BatchNormalization": {}}, dense()),
    "layer normalization": model(dense(4), {"LayerNormalization": {}}, {"PReLU": {}}, dense()),
    "conv 1d": model(
        {"Conv1D": {"filters": 3, "kernel_size": 2}}, {"MaxPooling1D": {}}, {"Flatten": {}}, dense(), x=SERIES
    ),
    "conv 2d": model(
        {"Conv2D": {"filters": 3, "kernel_size": 3, "padding": "same"}},
        {"MaxPooling2D": {}},
        {"DepthwiseConv2D": {"kernel_size": 2}},
        {"GlobalAveragePooling2D": {}},
        dense(),
        x=IMAGES,
    ),
    "lstm": model({"LSTM": {"units": 3}}, dense(), x=SERIES),
    "gru": model({"GRU": {"units": 3, "return_sequences": True}}, {"GRU": {"units": 2}}, dense(), x=SERIES),
    "simple rnn": model({"SimpleRNN": {"units": 3}}, dense(), x=SERIES),
    "bidirectional": model({"Bidirectional": {"layer": {"LSTM": {"units": 2}}}}, dense(), x=SERIES),
    "embedding": model(
        {"Embedding": {"input_dim": 9, "output_dim": 4}}, {"GlobalAveragePooling1D": {}}, dense(), x=WORDS,
        optimizer="adam",
    ),
    "masked embedding": model(
        {"Embedding": {"input_dim": 9, "output_dim": 4, "mask_zero": True}}, {"LSTM": {"units": 3}}, dense(), x=WORDS
    ),
    "attention": {
        **model(x=SERIES) if False else {},
        "layers": [
            {"MultiHeadAttention": {"num_heads": 2, "key_dim": 3}, "inputs": ["series", "series"], "name": "mixed"},
            {"Add": {}, "inputs": ["series", "mixed"]},
            {"GlobalAveragePooling1D": {}},
            {**dense(), "name": "y"},
        ],
        "inputs": {"series": SERIES},
        "targets": {"y": NUMBER},
    },
}
