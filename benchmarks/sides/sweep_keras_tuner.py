"""What people write to search with KerasTuner: `sweep_keras_tuner.py DATA.csv TRIALS EPOCHS`."""

from __future__ import annotations

import sys
from typing import Any

import keras
import keras_tuner

from benchmarks.sides.sweep_optuna import build, load


def main(file: str, trials: str, epochs: str) -> None:
    """Search."""
    train, validation = load(file)

    def model(chosen: Any) -> keras.Model:
        return build(
            chosen.Int("units", 16, 128, step=16),
            chosen.Choice("activation", ["relu", "gelu"]),
            chosen.Float("rate", 0.0, 0.5),
            chosen.Float("learning_rate", 1e-4, 1e-1, sampling="log"),
        )

    tuner = keras_tuner.BayesianOptimization(
        model, objective="val_loss", max_trials=int(trials), directory="tuner", project_name="iris", overwrite=True
    )
    tuner.search(*train, validation_data=validation, epochs=int(epochs), batch_size=16, verbose=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
