"""The report of forecasts: each step ahead, and beside the model what repeats the past."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from dlcli.config.outputs.conventions import Head
from dlcli.config.outputs.output_plan import OutputPlan
from dlcli.config.schema import DataConfig
from dlcli.config.schema.component import Component
from dlcli.data.prepare import Prepared, prepare
from dlcli.evaluation.evaluation import report_rows
from dlcli.evaluation.report import ClassReport
from dlcli.evaluation.steps_report import StepsReport
from dlcli.trained.predictor import Arrays, RuntimeName

NUMBER = {"type": "number", "scale": "none"}
SEASON = 4


class Stub:
    """A model that gives what a function makes of its inputs."""

    runtime: ClassVar[RuntimeName] = "portable"
    rows_at_once = 5
    named = ()

    def __init__(self, prepared: Prepared, output: OutputPlan, model: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
        self.outputs, self._model = (output,), model

    def __call__(self, inputs: Arrays) -> list[NDArray[Any]]:
        return [self._model(inputs["features"])]


def prepared_on(folder: Path, table: pd.DataFrame, target: dict[str, Any], horizon: int) -> Prepared:
    file = folder / "x.csv"
    table.to_csv(file, index=False)
    windows = {"length": 3, "horizon": horizon, "time": "t", "season": SEASON}
    data = {"train": str(file), "target": target, "features": {"seen": NUMBER}, "windows": windows}
    return prepare(DataConfig.model_validate(data), seed=0)


def table(size: int = 20) -> pd.DataFrame:
    values = np.arange(size) % SEASON + np.round(np.random.default_rng(0).normal(0, 0.1, size), 2)
    other = np.round(np.random.default_rng(1).normal(size=size), 2)
    return pd.DataFrame(
        {"t": range(size), "y": values, "z": other, "seen": values, "c": np.where(values > 1, "u", "v")}
    )


def reported(prepared: Prepared, output: OutputPlan, model: Callable[[NDArray[Any]], NDArray[Any]]) -> dict[str, Any]:
    stub = cast(Any, Stub(prepared, output, model))
    (report,) = report_rows(prepared.splits["train"], predictor=stub, preprocessing=prepared.preprocessing).values()
    return report


def plan(prepared: Prepared, form: Any, loss: str, head: Head) -> OutputPlan:
    return OutputPlan("out", prepared.preprocessing.target_specs, form, Component(loss), head)


@pytest.mark.parametrize("horizon", [1, 3])
def test_errors_of_numbers(tmp_path: Path, horizon: int) -> None:
    found = table()
    prepared = prepared_on(tmp_path, found, {"y": NUMBER}, horizon)
    output = plan(prepared, "number", "mean_squared_error", Head(horizon, "linear"))
    report = reported(prepared, output, lambda seen: np.zeros((len(seen), horizon), np.float32))
    values = found["y"].to_numpy()
    ends = range(2, len(values) - horizon)
    true = np.array([values[end + 1 : end + 1 + horizon] for end in ends])
    last = np.array([[values[end]] * horizon for end in ends])
    before = [
        [values[end + 1 + step - SEASON] if end + 1 + step >= SEASON else values[end] for step in range(horizon)]
        for end in ends
    ]
    season = np.abs(values[SEASON:] - values[:-SEASON]).mean()
    assert report["mae"] == pytest.approx(np.abs(true).mean(), rel=1e-5)
    assert report["mase"] == pytest.approx(np.abs(true).mean() / season, rel=1e-5)
    naive, seasonal = report["baselines"]["naive"], report["baselines"]["seasonal_naive"]
    assert naive["mae"] == pytest.approx(np.abs(true - last).mean(), rel=1e-4)
    assert seasonal["mae"] == pytest.approx(np.abs(true - before).mean(), rel=1e-4)
    assert seasonal["mase"] == pytest.approx(np.abs(true - before).mean() / season, rel=1e-4)
    assert report["worse_than"]["seasonal_naive"] == ["mae"]
    if horizon > 1:
        each = [report["columns"][str(step)]["mae"] for step in range(1, horizon + 1)]
        assert each == pytest.approx(np.abs(true).mean(axis=0).tolist(), rel=1e-5)


def test_errors_of_several_columns_at_each_step(tmp_path: Path) -> None:
    found = table()
    prepared = prepared_on(tmp_path, found, {"yz": {**NUMBER, "columns": ["y", "z"]}}, 3)
    output = plan(prepared, "number", "mean_squared_error", Head(2, "linear"))
    report = reported(prepared, output, lambda seen: np.zeros((len(seen), 3, 2), np.float32))
    values = found[["y", "z"]].to_numpy()
    true = np.array([values[end + 1 : end + 4] for end in range(2, len(values) - 3)])
    steps = [report["steps"][str(step)]["mae"] for step in (1, 2, 3)]
    assert steps == pytest.approx(np.abs(true).mean(axis=(0, 2)).tolist(), rel=1e-5)
    assert report["mae"] == pytest.approx(np.abs(true).mean(), rel=1e-5)


def test_classes_at_each_step(tmp_path: Path) -> None:
    found = table()
    prepared = prepared_on(tmp_path, found, {"c": {"type": "category"}}, 2)
    output = plan(prepared, "index", "sparse_categorical_crossentropy", Head(2, "softmax"))
    always = np.array([0.9, 0.1], np.float32)
    report = reported(prepared, output, lambda seen: np.tile(always, (len(seen), 2, 1)))
    classes = prepared.preprocessing.target_specs[0].classes
    true = np.array([found["c"].to_numpy()[end + 1 : end + 3] for end in range(2, len(found) - 2)])
    right = (true == classes[0]).mean(axis=0)
    assert [report["steps"][step]["accuracy"] for step in ("1", "2")] == pytest.approx(right.tolist())
    assert report["baselines"]["seasonal_naive"]["accuracy"] > 0.8
    assert report["worse_than"]["seasonal_naive"] == ["accuracy"]


def test_steps_are_told_apart() -> None:
    report = StepsReport(2, lambda: ClassReport(("a", "b"), ranked=False))
    report.add(np.array([[0, 1], [1, 1]]), np.array([[0, 0], [1, 1]]))
    assert report.result() == {"1": {"accuracy": 1.0}, "2": {"accuracy": 0.5}}
