"""Several processes that train one model give the history and the weights of one."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import dlcli
from dlcli.runs.run import Run

ROWS = 150
"""Not divided by the batch, nor the last batch by two."""

OWN = ("epoch", "seconds", "rows_per_second")

MLP = [
    {"Dense": {"units": 16, "activation": "relu", "kernel_regularizer": {"L2": {"l2": 0.01}}}, "inputs": "x"},
    {"Dense": {"units": 8, "activation": "tanh", "activity_regularizer": {"L1": {"l1": 0.01}}}, "name": "flat"},
]
CNN = [
    {"Conv2D": {"filters": 4, "kernel_size": 3, "activation": "relu"}, "inputs": "picture"},
    "BatchNormalization",
    {"Flatten": None, "name": "seen"},
]
LSTM = [
    {"Masking": {"mask_value": 0.0}, "inputs": "steps"},
    {"LSTM": {"units": 6, "return_sequences": True}},
    {"BatchNormalization": {"momentum": 0.9}},
    {"LSTM": {"units": 5}, "name": "heard"},
]
ALL = [*MLP, *CNN, *LSTM, {"Concatenate": None, "inputs": ["flat", "seen", "heard"]}]
CLASSES = {"Dense": {"units": 3, "activation": "softmax"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows with vectors, pictures, steps of several lengths, classes and weights."""
    folder = tmp_path_factory.mktemp("workers")
    random = np.random.default_rng(5)
    x = random.normal(size=(ROWS, 6)).astype("float32")
    steps = random.normal(size=(ROWS, 7, 3)).astype("float32")
    for row, length in enumerate(random.integers(1, 8, ROWS)):
        steps[row, length:] = 0
    np.savez(
        folder / "rows.npz",
        x=x,
        picture=random.normal(size=(ROWS, 6, 6, 1)).astype("float32"),
        steps=steps,
        y=(x[:, 0] * x[:, 1] > 0).astype("int64") + (x[:, 2] > 1),
        weight=random.uniform(0.5, 2, ROWS).astype("float32"),
    )
    return folder


def config(folder: Path, layers: list[Any], features: list[str], **sections: Any) -> dict[str, Any]:
    """A config whose data does not divide evenly, of everything that is to be the same on several workers."""
    return {
        "data": {
            "train": str(folder / "rows.npz"),
            "validation": 0.3,
            "features": {name: {"type": "number", "scale": "none"} for name in features},
            "target": {"y": {"type": "category"}},
            "sample_weight": "weight",
            "batch_size": 16,
        },
        "model": {"layers": [*layers, CLASSES]},
        "compile": {
            "optimizer": {"Adam": {"learning_rate": 0.01, "global_clipnorm": 1.0}},
            "metrics": ["accuracy", "AUC"],
        },
        "fit": {"epochs": 3, "class_weight": "balanced"},
        "callbacks": [{"ReduceLROnPlateau": {"monitor": "val_loss", "patience": 1}}],
        "report": False,
        **sections,
    }


def history(run: Run) -> list[dict[str, float]]:
    with (run.path / "history.csv").open() as file:
        return [{name: float(row[name]) for name in row if name not in OWN} for row in csv.DictReader(file)]


def require_equal(one: Run, several: Run) -> None:
    """The same numbers, but for the order in which they are summed."""
    rows, others = history(one), history(several)
    assert len(rows) == len(others)
    for row, other in zip(rows, others, strict=True):
        assert other == pytest.approx(row, rel=1e-5, abs=1e-7)
    for weights, others_weights in zip(_weights(one), _weights(several), strict=True):
        np.testing.assert_allclose(others_weights, weights, rtol=1e-3, atol=1e-5)
    assert {**several.metrics("validation")} == pytest.approx({**one.metrics("validation")}, rel=1e-5)


def _weights(run: Run) -> list[Any]:
    return [np.asarray(each) for each in keras.models.load_model(run.path / "model.keras").weights]


def both(config: Mapping[str, Any], folder: Path, workers: int = 2) -> tuple[Run, Run]:
    """The run of one process, and that of several."""
    one = dlcli.train(config, run_dir=folder / "one", cache_dir=folder / "cache")
    overrides = {"runtime.workers": workers}
    several = dlcli.train(config, overrides=overrides, run_dir=folder / "several", cache_dir=folder / "cache")
    return one, several


def test_two_workers_give_what_one_gives(folder: Path, tmp_path: Path) -> None:
    """An MLP, a CNN and an LSTM at once: regularizers, masks, weights, batch statistics, a last batch of nine."""
    one, two = both(config(folder, ALL, ["x", "picture", "steps"]), tmp_path)
    require_equal(one, two)
    assert two.status == "completed"
