"""Targets that are scaled for training: what is measured is in their own unit, by every execution and runtime."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.cli.commands.train import train
from dlcli.cli.display.console import Console, number
from dlcli.training.events import Notice

pytestmark = pytest.mark.tensorflow

ROWS = 80


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(3)
    x, z, noise = random.normal(size=(3, ROWS))
    table = pd.DataFrame(
        {"x": x, "z": z, "price": 40_000 + 9_000 * x + 3_000 * noise, "size": 0.002 + 1e-4 * z + 3e-5 * noise}
    )
    file = tmp_path_factory.mktemp("own") / "data.csv"
    table.to_csv(file, index=False)
    return file


def config(file: Path, **keys: Any) -> dict[str, Any]:
    """A config of one layer; `data` and `compile` are added to these sections."""
    compiled = {"optimizer": {"Adam": {"learning_rate": 0.1}}, "loss": "mse", "metrics": ["mae", "mape"]}
    rows = {"train": str(file), "target": "price", "features": ["x", "z"], "validation": 0.25}
    return {
        "data": {**rows, **keys.pop("data", {})},
        "model": {"layers": [{"Dense": {"units": keys.pop("units", 1)}}]},
        "compile": {**compiled, **keys.pop("compile", {})},
        "report": False,
        "fit": {"epochs": keys.pop("epochs", 3)},
        **keys,
    }


def history(run: dlcli.Run) -> dict[str, float]:
    with (run.path / "history.csv").open() as file:
        return {name: float(value) for name, value in list(csv.DictReader(file))[-1].items()}


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dlcli.Run:
    return dlcli.train(config(data), run_dir=tmp_path_factory.mktemp("runs") / "price")


def test_the_history_the_evaluation_and_the_report_agree(run: dlcli.Run) -> None:
    last = history(run)
    document = json.loads((run.path / "evaluations" / "validation.json").read_text())
    assert document["scaled"] == ["price"]
    assert document["mae"] > 100, "in the unit of the price"
    assert document["metrics"]["loss"] < 5, "of the scaled target"
    for name, value in document["metrics"].items():
        assert last[f"val_{name}"] == pytest.approx(value, rel=1e-5)
    assert document["metrics"]["mae"] == pytest.approx(document["mae"], rel=1e-5)


@pytest.mark.parametrize(("metric", "told"), [("mae", True), ("R2Score", False)])
def test_the_end_of_a_training_has_no_empty_places(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], metric: str, told: bool
) -> None:
    (tmp_path / "c.yaml").write_text(json.dumps(config(data, compile={"metrics": [metric]}, epochs=1)))
    places: dict[str, Any] = {"run_dir": tmp_path / "run", "overwrite": False, "cache_dir": None}
    train(tmp_path / "c.yaml", overrides=[], console=Console(quiet=True), **places)
    said = capsys.readouterr().out.splitlines()
    names, *rows = (line.split() for line in said[:3])
    assert [len(row) for row in rows] == [len(names) + 1] * 2
    score = json.loads((tmp_path / "run" / "evaluations" / "validation.json").read_text())["r2"]
    assert [line for line in said if line.startswith("R2: ")] == ([f"R2: validation {number(score)}"] if told else [])


@pytest.mark.parametrize("runtime", ["portable", "keras"])
def test_every_road_measures_in_the_own_unit(run: dlcli.Run, data: Path, runtime: Any) -> None:
    table = pd.read_csv(data)
    predicted = dlcli.predict(run, table)["prediction"]
    error = (table["price"] - predicted).abs()
    found = dlcli.evaluate(run, data, runtime=runtime).metrics
    assert found["mae"] == pytest.approx(error.mean(), rel=1e-4)
    assert found["mape"] == pytest.approx((100 * error / table["price"]).mean(), rel=1e-4)


def test_the_engine_and_plain_fit_measure_the_same(data: Path, tmp_path: Path) -> None:
    rows = {}
    for execution in ("step", "graph"):
        made = dlcli.train(config(data, runtime={"execution": execution}), run_dir=tmp_path / execution)
        rows[execution] = {name: value for name, value in history(made).items() if "seconds" not in name}
        del rows[execution]["rows_per_second"]
    assert rows["step"] == pytest.approx(rows["graph"], rel=1e-5)


def test_targets_that_share_an_output_keep_their_units(data: Path, tmp_path: Path) -> None:
    made = dlcli.train(config(data, data={"target": ["price", "size"]}, units=2), run_dir=tmp_path / "two")
    document = json.loads((made.path / "evaluations" / "validation.json").read_text())
    assert document["scaled"] == ["price", "size"]
    errors = [report["mae"] for report in document["targets"].values()]
    assert document["metrics"]["mae"] == pytest.approx(np.mean(errors), rel=1e-4)


def test_a_target_that_is_learnt_as_it_is_has_the_numbers_of_keras(data: Path, tmp_path: Path) -> None:
    target = {"price": {"type": "number", "scale": "none"}}
    warned: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, Notice) and event.warning:
            warned.append(event.problem.rule)

    made = dlcli.train(
        config(data, data={"target": target}, compile={"metrics": ["mse"]}), run_dir=tmp_path / "plain", listener=listen
    )
    last = history(made)
    assert last["val_loss"] == pytest.approx(last["val_mse"], rel=1e-5)
    assert warned == ["worse-than-mean"], "three small steps towards 40,000"


def test_training_rows_judge_where_there_are_no_others(data: Path, tmp_path: Path) -> None:
    warned: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, Notice) and event.warning:
            warned.append(event.problem.rule)

    target = {"price": {"type": "number", "scale": "none"}}
    settings = config(data, data={"target": target, "validation": None}, epochs=1)
    dlcli.train(settings, run_dir=tmp_path / "alone", listener=listen)
    assert warned == ["worse-than-mean"]


def test_check_tells_doubts_and_what_was_inferred(data: Path, tmp_path: Path) -> None:
    table = pd.read_csv(data)
    table["paid"] = [f"{1000 + row * 7 % 40:,}" for row in range(ROWS)]
    table.to_csv(tmp_path / "paid.csv", index=False)
    said: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, Notice):
            said.append(event.problem.message)

    settings = config(tmp_path / "paid.csv", data={"features": ["x", "paid"]})
    report = dlcli.check(settings, listener=listen)
    (warning,) = report.warnings
    assert (warning.rule, warning.path) == ("doubtful-type", "data.features.paid")
    assert "data.thousands" in warning.hint
    assert any(line.startswith("target price: number, standardised") for line in said)
    assert any(line.startswith("not used: z, size") for line in said)


def test_prediction_warns_of_empty_cells_that_training_never_had(run: dlcli.Run, data: Path) -> None:
    table = pd.read_csv(data)
    table.loc[3, "x"] = np.nan
    with pytest.warns(UserWarning, match="an empty cell"):
        found = dlcli.predict(run, table)
    assert found["prediction"].notna().all()
