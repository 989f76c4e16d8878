"""What `dlcli init` drafts beside configs that people write: the one that comes along, and one written with care.

    python -m benchmarks.byhand FOLDER [--seeds 5] [--tables iris ...]

Each seed divides a table anew, as `benchmarks.boosting` does, and is the seed of the training; all have the same rows
to train on. Errors are those of the test rows: of classes in percent, of numbers the root mean square in percent of the
deviation. What has been found is kept in FOLDER and not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import dlcli
from benchmarks.boosting import error, write
from benchmarks.public import PUBLIC

__all__ = ["CARE", "main"]

ROOT = Path(__file__).parent.parent

COMES_ALONG = {
    "iris": "iris.yaml",
    "wine": "wine.yaml",
    "breast cancer": "breast_cancer.yaml",
    "diabetes": "diabetes.yaml",
    "digits": "digits.yaml",
}
"""The configs of `configs/` for tables of `benchmarks.public`."""


def _slower(rate: float, steps: int) -> dict[str, Any]:
    return {"Adam": {"learning_rate": {"CosineDecay": {"initial_learning_rate": rate, "decay_steps": steps}}}}


def _dense(units: int, activation: str, l2: float) -> dict[str, Any]:
    return {"Dense": {"units": units, "activation": activation, "kernel_regularizer": {"L2": {"l2": l2}}}}


def _conv(filters: int) -> dict[str, Any]:
    return {"Conv2D": {"filters": filters, "kernel_size": 3, "padding": "same", "activation": "relu"}}


CARE: Mapping[str, Mapping[str, Any]] = {
    "iris": {
        "data": {"target": {"species": "category"}, "batch_size": 32},
        "model": {"layers": [_dense(16, "tanh", 1e-3), _dense(3, "softmax", 1e-3)]},
        "compile": {"optimizer": _slower(0.02, 600), "loss": "sparse_categorical_crossentropy"},
        "fit": {"epochs": 150},
    },
    "wine": {
        "data": {"target": {"cultivar": "category"}, "batch_size": 32},
        "model": {"layers": [_dense(3, "softmax", 1e-2)]},
        "compile": {"optimizer": _slower(0.02, 600), "loss": "sparse_categorical_crossentropy"},
        "fit": {"epochs": 120},
    },
    "breast cancer": {
        "data": {"target": {"diagnosis": "category"}, "batch_size": 32},
        "model": {"layers": [_dense(1, "sigmoid", 3e-3)]},
        "compile": {"optimizer": _slower(0.02, 1500), "loss": "binary_crossentropy"},
        "fit": {"epochs": 100},
    },
    "diabetes": {
        "data": {"target": {"progression": {"type": "number", "scale": "standard"}}, "batch_size": 32},
        "model": {"layers": [_dense(1, "linear", 1e-2)]},
        "compile": {"optimizer": _slower(0.02, 1100), "loss": "mean_squared_error"},
        "fit": {"epochs": 100},
    },
    "digits": {
        "data": {
            "target": {"label": "category"},
            "features": {"pixels": {"type": "number", "columns": "px*", "scale": {"divide": 16}}},
            "batch_size": 64,
        },
        "model": {
            "layers": [
                {"Reshape": {"target_shape": [8, 8, 1]}},
                _conv(24),
                "MaxPooling2D",
                _conv(48),
                "Flatten",
                {"Dropout": {"rate": 0.4}},
                {"Dense": {"units": 10, "activation": "softmax"}},
            ]
        },
        "compile": {"optimizer": _slower(0.003, 1350), "loss": {"CategoricalCrossentropy": {"label_smoothing": 0.1}}},
        "fit": {"epochs": 60},
    },
}
"""Of small tables small networks: linear where that is the best that is known of them, of pictures convolutions; all
rows are trained on, at a rate that becomes 0."""

SIDES = ("init", "comes along", "with care")


def found(name: str, seed: int, side: str, folder: Path) -> float:
    """The error of a side, found now or before."""
    place = folder / name.replace(" ", "_") / str(seed)
    result = place / f"error-{side.replace(' ', '-')}.json"
    if not result.exists():
        _, test = write(name, seed, place)
        config, overrides = _config(name, seed, side, place)
        run = dlcli.train(config, overrides=overrides, run_dir=place / side, overwrite=True, cache_dir=place / "cache")
        predicted = dlcli.predict(run, pd.read_csv(place / "table" / "test.csv"))["prediction"]
        result.write_text(json.dumps(error(name, test, predicted) * (100 if PUBLIC[name].kind == "number" else 1)))
    return float(json.loads(result.read_text()))


def _config(name: str, seed: int, side: str, place: Path) -> tuple[Any, dict[str, Any]]:
    """A config, and what stands in the place of what it says."""
    sources = {split: str(place / "table" / f"{split}.csv") for split in ("train", "test")}
    if side == "init":
        drafted = dlcli.init(place / "table", target=PUBLIC[name].target, output=place / "drafted.yaml", overwrite=True)
        return drafted.output, {"seed": seed}
    if side == "comes along":
        return ROOT / "configs" / COMES_ALONG[name], {"seed": seed, **{f"data.{key}": sources[key] for key in sources}}
    care = CARE[name]
    return {**care, "seed": seed, "data": {**sources, **care["data"]}}, {}


def lines(errors: Mapping[str, Mapping[str, list[float]]]) -> Iterator[str]:
    """The errors as Markdown: mean and deviation over the seeds, and how far the draft is from the better by hand."""
    yield "| table | " + " | ".join(SIDES) + " | init above the best by hand |"
    yield "|---" + "|---:" * (len(SIDES) + 1) + "|"
    for name, sides in errors.items():
        cells = [f"{np.mean(sides[side]):.2f} ± {np.std(sides[side]):.2f}" for side in SIDES]
        best = min(float(np.mean(sides[side])) for side in SIDES[1:])
        yield f"| {name} | " + " | ".join(cells) + f" | {np.mean(sides['init']) - best:+.2f} |"


def main() -> None:
    """Measure, and write what was found after each seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tables", nargs="*", default=list(COMES_ALONG))
    given = parser.parse_args()
    errors: dict[str, dict[str, list[float]]] = {name: {side: [] for side in SIDES} for name in given.tables}
    for seed in range(given.seeds):
        for name in given.tables:
            for side in SIDES:
                errors[name][side].append(found(name, seed, side, given.folder))
        sys.stdout.write(f"{seed + 1} seed{'s' * bool(seed)}\n" + "\n".join(lines(errors)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
