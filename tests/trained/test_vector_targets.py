"""A target that is a vector in an array: trained, evaluated by both runtimes, predicted in a column a number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli

pytestmark = pytest.mark.tensorflow

WIDTH = 4
LOGITS = {"BinaryCrossentropy": {"from_logits": True}}


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows with several labels each, `ml` (rows, 4), and with numbers of two units, `xy` (rows, 2)."""
    random = np.random.default_rng(5)
    x = random.normal(size=(200, 6))
    labels = (x[:, :WIDTH] + 0.1 * random.normal(size=(200, WIDTH)) > 0).astype(np.int64)
    numbers = np.stack([1000 + 50 * x[:, 0], x[:, 1] / 100], axis=1)
    file = tmp_path_factory.mktemp("arrays") / "rows.npz"
    np.savez(file, x=x, ml=labels, xy=numbers)
    return file


def trained(
    arrays: Path, directory: Path, *, target: dict[str, Any], layers: list[Any], loss: Any, **more: Any
) -> dlcli.Run:
    return dlcli.train(
        {
            "data": {"train": str(arrays), "test": 0.25, "target": target, "features": ["x"]},
            "model": {"layers": layers, **more},
            "compile": {"optimizer": {"Adam": {"learning_rate": 0.1}}, "loss": loss, "metrics": ["mae"]},
            "fit": {"epochs": 20},
        },
        run_dir=directory,
    )


@pytest.mark.parametrize(
    ("head", "loss"),
    [({"units": WIDTH, "activation": "sigmoid"}, "binary_crossentropy"), ({"units": WIDTH}, LOGITS)],
    ids=["sigmoid", "logits"],
)
def test_several_labels(head: dict[str, Any], loss: Any, arrays: Path, tmp_path: Path) -> None:
    target = {"ml": {"type": "number", "scale": "none"}}
    run = trained(arrays, tmp_path / "run", target=target, layers=[{"Dense": head}], loss=loss)
    keras, portable = (dlcli.evaluate(run, runtime=runtime) for runtime in ("keras", "portable"))
    assert portable.metrics == pytest.approx(keras.metrics, rel=2e-5, abs=1e-6)
    report = portable.document()
    assert list(report["columns"]) == ["0", "1", "2", "3"]
    assert report["mae"] == pytest.approx(np.mean([each["mae"] for each in report["columns"].values()]))
    assert report["mae"] < 0.4
    dlcli.predict_file(run, arrays, output=tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table.columns) == [f"prediction_{place}" for place in range(WIDTH)]
    predicted = table.to_numpy()
    assert ((predicted >= 0) & (predicted <= 1)).all()
    with np.load(arrays) as rows:
        assert ((predicted > 0.5) == rows["ml"]).mean() > 0.8


def test_each_number_of_a_vector_has_its_own_scale(arrays: Path, tmp_path: Path) -> None:
    target = {"xy": {"type": "number", "scale": "standard"}}
    run = trained(arrays, tmp_path / "run", target=target, layers=[{"Dense": {"units": 2}}], loss="mse")
    report = dlcli.evaluate(run).document()["columns"]
    assert report["0"]["mae"] > 10 * report["1"]["mae"]
    dlcli.predict_file(run, arrays, output=tmp_path / "out.csv")
    means = pd.read_csv(tmp_path / "out.csv").mean()
    assert means["prediction_0"] == pytest.approx(1000, abs=100)
    assert means["prediction_1"] == pytest.approx(0, abs=0.05)


def test_beside_another_target(arrays: Path, tmp_path: Path) -> None:
    target = {"ml": {"type": "number", "scale": "none"}, "xy": {"type": "number", "scale": "standard"}}
    layers = [
        {"Dense": {"units": 8}, "name": "trunk"},
        {"Dense": {"units": WIDTH, "activation": "sigmoid"}, "name": "ml", "inputs": ["trunk"]},
        {"Dense": {"units": 2}, "name": "xy", "inputs": ["trunk"]},
    ]
    loss = {"ml": "binary_crossentropy", "xy": "mse"}
    run = trained(arrays, tmp_path / "run", target=target, layers=layers, loss=loss, outputs=["ml", "xy"])
    assert {name: list(each["columns"]) for name, each in dlcli.evaluate(run).reports.items()} == {
        "ml": ["0", "1", "2", "3"],
        "xy": ["0", "1"],
    }
    dlcli.predict_file(run, arrays, output=tmp_path / "out.csv")
    names = [f"ml_prediction_{place}" for place in range(WIDTH)] + ["xy_prediction_0", "xy_prediction_1"]
    assert list(pd.read_csv(tmp_path / "out.csv").columns) == names
