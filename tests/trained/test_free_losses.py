"""Losses that need not look like the target: by code, by layers, by the model itself; those that spell sequences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.training.events import Event, Notice

pytestmark = pytest.mark.tensorflow

CODE = """
import keras
from keras import layers, ops


def gaussian(y_true, y_pred):
    mean, spread = y_pred[:, :1], y_pred[:, 1:]
    return ops.mean(spread + 0.5 * ops.exp(-2 * spread) * (y_true - mean) ** 2, axis=-1)


def whole(y_true, y_pred):
    return (ops.sum(y_true, axis=-1) - y_pred[:, 0]) ** 2


def plain(y_true, y_pred):
    return ops.mean((y_true - y_pred) ** 2, axis=-1)


class Compare(layers.Layer):
    def call(self, inputs):
        self.add_loss(ops.mean(ops.square(inputs[0] - inputs[1])))
        return inputs[1] * 1.0


class Own(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(ops.square(y_pred[0] - y)) + 0.0 * ops.mean(y_pred[1])
"""
TWO = [{"Dense": {"units": 1}, "name": "a", "inputs": "x"}, {"Dense": {"units": 3}, "name": "b", "inputs": "x"}]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`x` (rows, 4), `y` twice the first of them and 1, `v` (rows, 3), and code beside."""
    directory = tmp_path_factory.mktemp("free")
    (directory / "own.py").write_text(CODE, encoding="utf-8")
    x = np.random.default_rng(2).normal(size=(80, 4)).astype(np.float32)
    np.savez(directory / "rows.npz", x=x, y=x[:, :1] * 2 + 1, v=x[:, :3])
    return directory / "rows.npz"


def config(rows: Path, target: Any, model: dict[str, Any], epochs: int = 1, **compiled: Any) -> dict[str, Any]:
    return {
        "data": {"train": str(rows), "test": 0.25, "target": target, "features": ["x"]},
        "model": model,
        "compile": {"optimizer": {"Adam": {"learning_rate": 0.05}}, **compiled},
        "fit": {"epochs": epochs},
        "code": [str(rows.parent / "own.py")],
    }


@pytest.mark.parametrize(
    ("target", "model", "compiled", "columns", "reports"),
    [
        pytest.param(
            ["y"],
            {"layers": [{"Dense": {"units": 2}}]},
            {"loss": "gaussian"},
            ["prediction_0", "prediction_1"],
            [],
            id="more numbers",
        ),
        pytest.param(
            ["v"],
            {"layers": [{"Dense": {"units": 1}}]},
            {"loss": "whole"},
            ["prediction"],
            [],
            marks=pytest.mark.soak,
            id="fewer numbers",
        ),
        pytest.param(
            "none",
            {
                "layers": [
                    {"Dense": {"units": 4}, "inputs": "x", "name": "out"},
                    {"Compare": {}, "inputs": ["x", "out"]},
                ]
            },
            {},
            [f"prediction_{place}" for place in range(4)],
            [],
            id="no target",
        ),
        pytest.param(
            ["y"],
            {"layers": TWO, "outputs": ["a", "b"], "class": "Own"},
            {},
            ["y_prediction", *(f"b_prediction_{place}" for place in range(3))],
            ["y"],
            id="own model",
        ),
        pytest.param(
            ["y"],
            {"layers": TWO, "outputs": ["b", "a"]},
            {"loss": {"a": "mse"}},
            [*(f"b_prediction_{place}" for place in range(3)), "y_prediction"],
            ["y"],
            marks=pytest.mark.soak,
            id="an output without a loss",
        ),
        pytest.param(
            ["y"],
            {"layers": [TWO[0], {**TWO[0], "name": "c"}], "outputs": ["a", "c"]},
            {"loss": "mse"},
            ["a_prediction", "c_prediction"],
            ["a", "c"],
            marks=pytest.mark.soak,
            id="one target twice",
        ),
    ],
)
def test_trained_evaluated_and_predicted(
    target: Any,
    model: dict[str, Any],
    compiled: dict[str, Any],
    columns: list[str],
    reports: list[str],
    rows: Path,
    tmp_path: Path,
) -> None:
    run = dlcli.train(config(rows, target, model, **compiled), run_dir=tmp_path / "run")
    found = dlcli.evaluate(run, allow_code=True)
    assert list(found.reports) == reports
    assert np.isfinite(found.metrics["loss"])
    dlcli.predict_file(run, str(rows), output=tmp_path / "out.csv", allow_code=True)
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table) == columns
    assert np.isfinite(table.to_numpy()).all()


def test_what_a_metric_sees_of_several_numbers_is_told(rows: Path, tmp_path: Path) -> None:
    """Of the mean and the spread it is the first; of as many numbers as the target has nothing is said."""

    def told(units: int, loss: str, target: str) -> list[str]:
        found: list[str] = []

        def listen(event: Event) -> None:
            if isinstance(event, Notice) and event.problem.rule == "metric-of-part":
                found.append(event.problem.message)

        model = {"layers": [{"Dense": {"units": units}}]}
        dlcli.check(config(rows, [target], model, loss=loss, metrics=["mae"]), listener=listen)
        return found

    (message,) = told(2, "gaussian", "y")
    assert "mae measures the first number of the 2" in message
    assert told(1, "plain", "y") == told(3, "plain", "v") == []


def test_nothing_to_learn(rows: Path, tmp_path: Path) -> None:
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.train(config(rows, "none", {"layers": [{"Dense": {"units": 1}}]}), run_dir=tmp_path / "run")
    assert [problem.rule for problem in error.value.problems] == ["no-loss"]


def test_a_loss_that_cannot_take_them_names_both_shapes(rows: Path, tmp_path: Path) -> None:
    model = {"layers": [{"Dense": {"units": 2}}]}
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.train(config(rows, ["v"], model, loss="plain"), run_dir=tmp_path / "run")
    (problem,) = error.value.problems
    assert "targets of shape (batch, 3) and outputs of shape (batch, 2)" in problem.message


def spelled(directory: Path) -> Path:
    """Signals `x` (rows, 12, 3) of pulses, and their sequence `y` (rows, 3), -9 where there are fewer."""
    random = np.random.default_rng(4)
    x, y = np.zeros((120, 12, 3), np.float32), np.full((120, 3), -9)
    for signal, sequence in zip(x, y, strict=True):
        length = random.integers(1, 4)
        sequence[:length] = random.integers(0, 3, length)
        for place, kind in enumerate(sequence[:length]):
            signal[place * 4 : place * 4 + 3, kind] = 1
    np.savez(directory / "rows.npz", x=x, y=y)
    return directory / "rows.npz"


@pytest.mark.soak
def test_ctc_spells_sequences(tmp_path: Path) -> None:
    rows = spelled(tmp_path)
    model = {"layers": [{"Dense": {"units": 8, "activation": "relu"}}, {"Dense": {"units": 4}}]}
    settings = config(rows, {"y": {"type": "category", "ignore": [-9]}}, model, epochs=30, loss="CTC")
    del settings["code"]
    run = dlcli.train(settings, run_dir=tmp_path / "run")
    report = dlcli.evaluate(run).reports["y"]
    assert report["rows"] == 30
    assert report["error_rate"] < 0.1 <= 0.8 < report["whole"]
    dlcli.predict_file(run, str(rows), output=tmp_path / "out.csv", allow_code=True)
    with np.load(rows) as arrays:
        wanted = [row[row >= 0].tolist() for row in arrays["y"]]
    found = pd.read_csv(tmp_path / "out.csv")["prediction"].map(json.loads).tolist()
    assert np.mean([one == other for one, other in zip(found, wanted, strict=True)]) > 0.8
    settings["model"] = {"layers": [{"Dense": {"units": 3}}]}
    with pytest.raises(dlcli.DlcliError, match="one, the first, for none"):
        dlcli.train(settings, run_dir=tmp_path / "other")
