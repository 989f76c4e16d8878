"""The weights that are kept are the best by the metric's own measure, under any name."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import dlcli
from dlcli.errors import ConfigError

OWN = """
import keras

class Silent(keras.metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(keras.ops.square(y_true - y_pred), sample_weight)

class Spoken(Silent):
    def __init__(self, **options):
        super().__init__(**options)
        self._direction = "down"

class Area(keras.metrics.AUC):
    pass

def gap(y_true, y_pred):
    return keras.ops.abs(y_true - y_pred)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("best")
    (folder / "train.csv").write_text("x,y\n-2,0\n-1,0\n1,1\n2,1\n")
    (folder / "validation.csv").write_text("x,y\n-3,0\n-1.5,0\n1.5,1\n3,1\n")
    (folder / "own.py").write_text(OWN)
    return folder


def config(place: Path, metrics: Any, callbacks: Any, **more: Any) -> dict[str, Any]:
    start = {"Constant": {"value": -1.0}}
    return {
        "data": {
            "train": str(place / "train.csv"),
            "validation": str(place / "validation.csv"),
            "target": {"y": "category"},
            "features": {"x": {"type": "number", "scale": "none"}},
        },
        "model": {"layers": [{"Dense": {"units": 1, "activation": "sigmoid", "kernel_initializer": start}}]},
        "compile": {
            "optimizer": {"SGD": {"learning_rate": 0.5}},
            "loss": "binary_crossentropy",
            "metrics": metrics,
        },
        "report": False,
        "fit": {"epochs": 5},
        "callbacks": callbacks,
        **more,
    }


@pytest.mark.parametrize(
    ("metric", "name", "better"),
    [
        ({"AUC": {"name": "roc"}}, "roc", max),
        pytest.param({"BinaryCrossentropy": {"name": "inaccuracy"}}, "inaccuracy", min, marks=pytest.mark.soak),
        ("Area", "area", max),
        ("Spoken", "spoken", min),
    ],
)
def test_the_best_weights_are_restored(place: Path, tmp_path: Path, metric: Any, name: str, better: Any) -> None:
    stopping = {"EarlyStopping": {"monitor": f"val_{name}", "patience": 9, "restore_best_weights": True}}
    settings = config(place, [metric], [stopping], code=[str(place / "own.py")])
    run = dlcli.train(settings, run_dir=tmp_path / "run", cache_dir=tmp_path / "cache")
    with (tmp_path / "run" / "history.csv").open() as file:
        values = [float(row[f"val_{name}"]) for row in csv.DictReader(file)]
    assert run.metrics("validation")[name] == pytest.approx(better(values), abs=1e-6)


@pytest.mark.parametrize("metric", ["Silent", "gap"])
def test_a_metric_that_does_not_say_it_is_asked_for(place: Path, tmp_path: Path, metric: str) -> None:
    for callback in (
        {"EarlyStopping": {"monitor": f"val_{metric.lower()}"}},
        {"ReduceLROnPlateau": {"monitor": metric.lower()}},
    ):
        settings = config(place, [metric], [callback], code=[str(place / "own.py")])
        with pytest.raises(ConfigError) as error:
            dlcli.check(settings, cache_dir=tmp_path / "cache")
        (problem,) = error.value.problems
        assert problem.rule == "monitor-direction"
        assert "mode: max" in problem.hint
