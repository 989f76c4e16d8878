"""What one writes to predict with Keras: `predict_script.py MODEL.keras DATA.csv BATCH OUTPUT.csv`."""

from __future__ import annotations

import sys

import keras
import numpy as np
import pandas as pd


def main(model_file: str, data: str, batch: str, output: str) -> None:
    """Read, predict, write."""
    model = keras.models.load_model(model_file)
    table = pd.read_csv(data)
    scores = model.predict({"features": table.to_numpy("float32")}, batch_size=int(batch), verbose=0)[:, 0]
    columns = {"prediction": np.where(scores > 0.5, 1, 0), "probability_0": 1 - scores, "probability_1": scores}
    pd.DataFrame(columns).to_csv(output, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
