"""What people write to search with Optuna and Keras: `sweep_optuna.py DATA.csv TRIALS EPOCHS`."""

from __future__ import annotations

import sys
from typing import Any

import keras
import numpy as np
import optuna
import pandas as pd


def load(file: str) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The rows as arrays, scaled by the training part, and divided."""
    table = pd.read_csv(file).sample(frac=1.0, random_state=0)
    x = table.iloc[:, :-1].to_numpy(np.float32)
    y, _ = pd.factorize(table.iloc[:, -1])
    cut = int(0.8 * len(x))
    x = (x - x[:cut].mean(axis=0)) / x[:cut].std(axis=0)
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def build(units: int, activation: str, rate: float, learning_rate: float) -> keras.Model:
    """The network."""
    model = keras.Sequential(
        [
            keras.layers.Dense(units, activation=activation),
            keras.layers.Dropout(rate),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(file: str, trials: str, epochs: str) -> None:
    """Search."""
    train, validation = load(file)

    def objective(trial: optuna.Trial) -> float:
        keras.backend.clear_session()
        model = build(
            trial.suggest_int("units", 16, 128, step=16),
            trial.suggest_categorical("activation", ["relu", "gelu"]),
            trial.suggest_float("rate", 0.0, 0.5),
            trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        )
        history = model.fit(*train, validation_data=validation, epochs=int(epochs), batch_size=16, verbose=0)
        return float(history.history["val_loss"][-1])

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(direction="minimize").optimize(objective, n_trials=int(trials))


if __name__ == "__main__":
    main(*sys.argv[1:])
