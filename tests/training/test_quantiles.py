"""Quantiles from the config to the predictions: learnt, measured, reported and predicted alike by both runtimes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pandas as pd
import pytest

import dlcli

pytestmark = pytest.mark.tensorflow

LEVELS = [0.1, 0.5, 0.9]
STEPS = 4
DENSE = {"Dense": {"units": 3}}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbers whose spread depends on a feature, as a table, and as series of two columns in arrays."""
    random = np.random.default_rng(5)
    x = random.uniform(-1, 1, (240, 2))
    y = 1000 + 300 * x[:, 0] + (20 + 200 * (x[:, 1] > 0)) * random.normal(size=240)
    folder = tmp_path_factory.mktemp("rows")
    table = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y, "w": random.random(240)})
    for step in range(STEPS):
        table[f"t{step}"] = y * (step + 1) + random.normal(size=240)
    table.to_csv(folder / "rows.csv", index=False)
    steps = table[[f"t{step}" for step in range(STEPS)]].to_numpy()
    np.savez(folder / "rows.npz", x=np.repeat(x[:, None], STEPS, axis=1), y=np.stack([steps, -steps], axis=2))
    return folder


def config(file: Path, layers: list[Any], *, target: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "seed": 3,
        "data": {
            "train": str(file),
            "test": 0.25,
            "target": {"y": {"type": "number", "quantiles": LEVELS, **(target or {})}},
            "features": ["x"] if file.suffix == ".npz" else ["a", "b"],
            **more.pop("data", {}),
        },
        "model": {"layers": layers},
        "compile": {"optimizer": {"Adam": {"learning_rate": 0.02}}, "metrics": ["mae", "mse"], **more},
        "report": False,
        "fit": {"epochs": 15},
    }


FORMS: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
    "a number": ("rows.csv", [{"Dense": {"units": 8, "activation": "relu"}}, DENSE], {}),
    "a vector": ("rows.csv", [{"Dense": {"units": 3 * STEPS}}], {"columns": "t*"}),
    "a vector apart": (
        "rows.csv",
        [{"Dense": {"units": 3 * STEPS}}, {"Reshape": {"target_shape": [STEPS, 3]}}],
        {"columns": "t*"},
    ),
    "a series": ("rows.npz", [{"Dense": {"units": 6}}], {}),
}

Trained = dict[str, dlcli.Run]


@pytest.fixture(scope="module")
def trained(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    runs = {}
    for name, (file, layers, target) in FORMS.items():
        weights = {"data": {"sample_weight": "w"}} if file.endswith("csv") else {}
        job = config(rows / file, layers, target=target, **weights)
        runs[name] = dlcli.train(job, run_dir=tmp_path_factory.mktemp("runs") / "run")
    return runs


@pytest.mark.parametrize("form", FORMS)
def test_both_runtimes_measure_and_predict_the_same(form: str, trained: Trained, rows: Path, tmp_path: Path) -> None:
    run = trained[form]
    keras_, portable = (dlcli.evaluate(run, runtime=runtime) for runtime in ("keras", "portable"))
    assert portable.metrics == pytest.approx(keras_.metrics, rel=2e-5)
    one, other = keras_.document(), portable.document()
    assert other["quantiles"]["0.9"] == pytest.approx(one["quantiles"]["0.9"], rel=1e-4)
    assert portable.metrics["mae"] == pytest.approx(other["mae"], rel=1e-5), "the median is measured"
    tables = []
    for runtime in ("keras", "portable"):
        dlcli.predict_file(run, rows / FORMS[form][0], output=tmp_path / f"{runtime}.npz", runtime=runtime)
        with np.load(tmp_path / f"{runtime}.npz") as found:
            tables.append({name: found[name] for name in found.files})
    for name, values in tables[0].items():
        assert tables[1][name] == pytest.approx(values, rel=1e-4), name


def test_the_columns_of_a_number(trained: Trained, rows: Path) -> None:
    table = pd.read_csv(rows / "rows.csv")
    found = dlcli.predict(trained["a number"], table)
    assert list(found.columns) == ["prediction", "quantile_0.1", "quantile_0.5", "quantile_0.9"]
    assert (found["prediction"] == found["quantile_0.5"]).all()
    assert (found["quantile_0.1"] <= found["quantile_0.5"]).all()
    assert (found["quantile_0.5"] <= found["quantile_0.9"]).all()
    width = found["quantile_0.9"] - found["quantile_0.1"]
    assert width[table["b"] > 0].mean() > 2 * width[table["b"] < 0].mean(), "where the target spreads"


def test_the_columns_of_a_vector_and_of_a_series(trained: Trained, rows: Path, tmp_path: Path) -> None:
    vector = dlcli.predict(trained["a vector"], pd.read_csv(rows / "rows.csv"))
    names = ["prediction", *(f"quantile_{level}" for level in LEVELS)]
    assert list(vector.columns) == [f"{name}_t{step}" for name in names for step in range(STEPS)]
    apart = dlcli.predict(trained["a vector apart"], pd.read_csv(rows / "rows.csv"))
    assert list(apart.columns) == list(vector.columns)
    dlcli.predict_file(trained["a series"], rows / "rows.npz", output=tmp_path / "out.csv")
    series = pd.read_csv(tmp_path / "out.csv")
    assert list(series.columns) == names
    assert np.array(json.loads(series["quantile_0.9"][0])).shape == (STEPS, 2)


def test_the_report_is_that_of_the_predictions(trained: Trained, rows: Path) -> None:
    table = pd.read_csv(rows / "rows.csv")
    found = dlcli.predict(trained["a number"], table)
    report = dlcli.evaluate(trained["a number"], rows / "rows.csv").document()
    for level in LEVELS:
        error = table["y"] - found[f"quantile_{level}"]
        loss = np.maximum(level * error, (level - 1) * error).mean()
        assert report["quantiles"][str(level)]["pinball"] == pytest.approx(loss, rel=1e-4)
        assert report["quantiles"][str(level)]["coverage"] == pytest.approx((error <= 0).mean(), abs=0.01)
    inside = (table["y"] >= found["quantile_0.1"]) & (table["y"] <= found["quantile_0.9"])
    assert report["intervals"]["0.1 to 0.9"]["coverage"] == pytest.approx(inside.mean(), abs=0.01)


def test_plain_keras_reads_the_model(trained: Trained) -> None:
    model = keras.models.load_model(trained["a number"].path / "model.keras")
    assert model.output_shape == (None, 3)


def test_the_portable_model_says_which_quantiles_they_are(trained: Trained) -> None:
    session = onnxruntime.InferenceSession(trained["a number"].path / "model.onnx", providers=["CPUExecutionProvider"])
    (output,) = json.loads(session.get_modelmeta().custom_metadata_map["outputs"])
    assert output["targets"][0]["quantiles"] == LEVELS


@pytest.mark.parametrize(
    ("layers", "more", "says", "hint"),
    [
        ([{"Dense": {"units": 1}}], {}, "1 number a sample, and its target y wants 3 quantiles", "units: 3"),
        ([DENSE], {"loss": "mse"}, "mse learns one number, and the 3 quantiles of y", "loss: pinball"),
        ([DENSE], {"metrics": ["AUC"]}, "AUC measures classes", "which measure the median"),
        ([DENSE], {"loss": {"pinball": {"quantiles": [0.5]}}}, r"told of the quantiles \[0.5\]", "leave"),
    ],
)
def test_what_does_not_fit_has_a_way_out(
    layers: list[Any], more: dict[str, Any], says: str, hint: str, rows: Path
) -> None:
    with pytest.raises(dlcli.DlcliError, match=says) as error:
        dlcli.train(config(rows / "rows.csv", layers, **more))
    assert hint in error.value.problems[0].hint


def test_flat_steps_are_told_to_be_reshaped(rows: Path) -> None:
    with pytest.raises(dlcli.ModelError, match="wants") as error:
        dlcli.train(config(rows / "rows.npz", ["Flatten", {"Dense": {"units": 24}}]))
    assert f"Reshape: {{target_shape: [{STEPS}, 6]}}" in error.value.problems[0].hint
