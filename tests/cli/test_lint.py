"""`lint: error`: findings of the config and of the rows stop a job before it trains, and a trained model is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pandas as pd
import pytest

Program = Callable[..., CompletedProcess[str]]

CONFIG = """\
data: {train: table.csv, test: 0.3, target: y}
model: {layers: [{Dense: {units: 1}}]}
compile: {optimizer: {SGD: {learning_rate: 0.000001}}}
fit: {epochs: 5}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A training that learns nothing: its target is far away, and its steps are small."""
    rng = np.random.default_rng(0)
    y = 1000 + np.arange(60) % 7
    pd.DataFrame({"x": rng.normal(size=60), "place": "here", "y": y}).to_csv(tmp_path / "table.csv", index=False)
    (tmp_path / "config.yaml").write_text(CONFIG.replace("target: y", "target: {y: {type: number, scale: none}}"))
    return tmp_path / "config.yaml"


def test_a_finding_in_the_config_is_a_fault_at_once(dlcli: Program, config: Path) -> None:
    for command in (("check", config, "--fast"), ("train", config, "--run-dir", "run")):
        done = dlcli(*command, "--set", "compile.optimizer=Adadelta", "--set", "lint.error=all", "--json")
        assert done.returncode == 1
        assert [each["rule"] for each in json.loads(done.stdout)["problems"]] == ["learning-rate-far-off"]
    assert not (config.parent / "run").exists()


def test_a_finding_in_the_rows_is_a_fault_before_training(dlcli: Program, config: Path) -> None:
    warned = json.loads(dlcli("check", config, "--json").stdout)["warnings"]
    assert [each["rule"] for each in warned] == ["constant-column"]
    for command in (("check", config), ("train", config, "--run-dir", "run")):
        done = dlcli(*command, "--set", "lint.error=[constant-column]")
        assert done.returncode == 1
        assert done.stderr.count("the feature 'place' has one value, 'here', in all rows") == 1
        assert "ignore: [constant-column]" not in done.stderr
    assert not (config.parent / "run").exists()
    ignored = dlcli("check", config, "--json", "--set", "lint.ignore=[constant-column]", "--set", "lint.error=all")
    assert json.loads(ignored.stdout)["warnings"] == []


def test_a_trained_model_is_kept_whatever_is_found_in_it(dlcli: Program, config: Path) -> None:
    lint = ("--set", "lint.error=all", "--set", "lint.ignore=[constant-column]")
    done = dlcli("train", config, "--run-dir", "run", *lint)
    assert done.returncode == 1
    assert "✗ data.target.y" in done.stderr
    assert "the model is kept in run" in done.stderr
    assert "run  completed, 5 epochs" in done.stdout
    record = json.loads((config.parent / "run" / "run.json").read_text())
    assert record["status"] == "completed"
    assert {"worse-than-mean", "loss-never-fell"} <= {each["rule"] for each in record["findings"] if each["warning"]}
    assert "worse than always predicting the mean" in (config.parent / "run" / "report.html").read_text()
    assert dlcli("predict", "run", config.parent / "table.csv", "-o", "out.csv").returncode == 0
    told = dlcli("train", "--resume", "run", "--set", "fit.epochs=6", "--json")
    assert told.returncode == 1
    assert "worse-than-mean" in {each["rule"] for each in json.loads(told.stdout)["problems"]}
    assert dlcli("train", "--resume", "run", "--set", "fit.epochs=7", "--set", "lint.error=[]").returncode == 0


def test_names_that_are_no_rules(dlcli: Program, config: Path) -> None:
    done = dlcli("check", config, "--set", "lint.error=[worse-then-mean]", "--set", "lint.ignore=nothing")
    assert done.returncode == 1
    assert "'worse-than-mean'" in done.stderr
    assert "there is no lint rule 'nothing'" in done.stderr
    both = dlcli("check", config, "--set", "lint.error=[one-quantile]", "--set", "lint.ignore=[one-quantile]")
    assert both.returncode == 1
    assert "keep it in one of the two" in both.stderr
