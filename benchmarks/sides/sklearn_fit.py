"""scikit-learn's network: `sklearn_fit.py CASE DATA.npz EPOCHS RESULT.json`."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier


def main(case: str, data: str, epochs: str, result: str) -> None:
    """Train and write the seconds of each epoch."""
    module = importlib.import_module(f"benchmarks.cases.{case}")
    arrays = np.load(data)
    x, y = arrays["x"], arrays["y"]
    model = MLPClassifier(**module.SKLEARN, batch_size=module.BATCH)
    seconds = []
    for _ in range(int(epochs)):
        started = time.perf_counter()
        model.partial_fit(x, y, classes=np.unique(y))  # one pass over the data
        seconds.append(time.perf_counter() - started)
    Path(result).write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
