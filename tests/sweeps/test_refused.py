"""Refused before training: for its values a trial has failed; for the config as it stands the sweep ends with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import dlcli
from dlcli.errors import ConfigError, DataError

pytestmark = pytest.mark.tensorflow

RATE = "compile.optimizer.Adam.learning_rate"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A table with a column that says nothing."""
    file = tmp_path / "table.csv"
    file.write_text("a,same,y\n" + "".join(f"{n},7,{2 * n + n % 3}\n" for n in range(30)))
    return file


def config(data: Path, space: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {
        "name": "refused",
        "data": {"train": str(data), "validation": 0.3, "target": "y", "features": ["a", "same"]},
        "model": {"layers": [{"Dense": {"units": 1}}]},
        "compile": {"optimizer": {"Adam": {"learning_rate": 0.01}}, "loss": "mse"},
        "fit": {"epochs": 1},
        "runtime": {"execution": "graph"},
        "report": False,
        "checkpoint": False,
        "lint": {"error": ["constant-column", "learning-rate-far-off"]},
        "sweep": {"trials": 3, "sampler": "BruteForceSampler", "space": space},
        **sections,
    }


@pytest.mark.parametrize("folds", [None, 2])
def test_a_fault_of_the_data_ends_the_sweep_and_counts_no_trial(folds: int | None, data: Path, tmp_path: Path) -> None:
    searched = config(data, {RATE: [0.01, 0.02]})
    searched["sweep"] |= {} if folds is None else {"folds": folds}
    place = tmp_path / "s"
    with pytest.raises(ConfigError) as refusal:
        dlcli.sweep(searched, run_dir=place)
    (problem,) = refusal.value.problems
    assert (problem.path, problem.rule) == ("data.features.same", "constant-column")
    assert "overrides" not in str(problem)
    assert json.loads((place / "run.json").read_text())["status"] == "failed"
    lines = data.read_text().splitlines()
    data.write_text("\n".join([lines[0], *(line.replace(",7,", f",{n % 4},") for n, line in enumerate(lines[1:]))]))
    outcome = dlcli.sweep(searched, run_dir=place)  # mended, it goes on from the beginning
    assert outcome.counts() == {"complete": 2, "pruned": 0, "failed": 0, "repeated": 0}
    assert [each.number for each in outcome.trials] == [1, 2]


def test_a_value_that_lint_refuses_is_a_failed_trial(data: Path, tmp_path: Path) -> None:
    searched = config(data, {RATE: [0.01, 50.0], "data.features": [["a"], ["a", "same"]]})
    searched["data"]["features"] = ["a"]
    outcome = dlcli.sweep(searched, run_dir=tmp_path / "s", trials=9)
    states = {(each.values[RATE], len(each.values["data.features"])): each.result for each in outcome.trials}
    assert {key for key, result in states.items() if result.state == "complete"} == {(0.01, 1)}
    assert "learning rate" in states[50.0, 1].reason
    assert "one value" in states[0.01, 2].reason


def test_data_that_is_gone_ends_the_sweep_and_fails_no_more_trials(data: Path, tmp_path: Path) -> None:
    searched = config(data, {"data.batch_size": [4, 5, 6]}, lint={"error": []})

    def remove(event: Any) -> None:
        if type(event).__name__ == "TrialEnded" and event.trial.number == 1:
            data.rename(data.with_name("away.csv"))

    with pytest.raises((DataError, ConfigError)):
        dlcli.sweep(searched, run_dir=tmp_path / "s", listener=remove)
    data.with_name("away.csv").rename(data)
    outcome = dlcli.sweep(searched, run_dir=tmp_path / "s")
    assert outcome.counts() == {"complete": 3, "pruned": 0, "failed": 0, "repeated": 0}
