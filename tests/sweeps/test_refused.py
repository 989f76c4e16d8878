"""Refused before training: for its values a trial has failed; for the config as it stands the sweep ends with it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

import dlcli
from dlcli.config.inspection.inspection import inspect_value
from dlcli.errors import ConfigError, DataError, RunError
from dlcli.model.pretrained.beginning import Beginning
from dlcli.sweeps.folder import SweepFolder
from dlcli.sweeps.sweep import begin_sweep, open_sweep
from dlcli.sweeps.unchanged import BegunWith

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


def test_a_trial_is_trained_by_one_process(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        dlcli.sweep(config(data, {RATE: [0.01, 0.02]}, runtime={"workers": 2}), run_dir=tmp_path / "s")
    assert [problem.path for problem in refusal.value.problems] == ["runtime.workers"]
    assert not (tmp_path / "s").exists()


def test_a_sweep_that_is_joined_runs_no_code_and_tells_nobody_without_leave(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: True if name == "mlflow" else find(name, *_))
    own = tmp_path / "own.py"
    own.write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w').close()\nimport keras\nclass Mine(keras.layers.Dense): pass\n"
    )
    tracking = {"mlflow": {"tracking_uri": "http://127.0.0.1:9"}}
    searched = config(data, {RATE: [0.01, 0.02]}, code=[str(own)], tracking=tracking)
    inspection = inspect_value(searched, tmp_path)
    begin_sweep(inspection, tmp_path / "s", overwrite=False, started=0.0)
    with pytest.raises(RunError) as refusal:
        dlcli.sweep(join=tmp_path / "s")
    assert [each.path for each in refusal.value.problems] == ["code[0]", "tracking.mlflow.tracking_uri"]
    assert not (tmp_path / "ran").exists()


def test_a_sweep_goes_on_with_the_config_that_it_was_begun_with(data: Path, tmp_path: Path) -> None:
    searched, place = config(data, {RATE: [0.01, 0.02]}), tmp_path / "s"

    def begin(value: dict[str, Any]) -> None:
        begin_sweep(inspect_value(value, tmp_path), place, overwrite=False, started=0.0)

    begin(searched)
    longer = {**searched, "sweep": {**searched["sweep"], "trials": 9, "keep": 2}}
    begin(longer)
    written = (place / "config.yaml").read_text()
    assert "epochs: 1" in written
    assert open_sweep(place, allowed=False, overrides={"sweep.trials": 5}).section.trials == 5
    with pytest.raises(RunError, match="goes on with the config") as refusal:
        open_sweep(place, allowed=False, overrides={"fit.epochs": 2})
    assert "sweep.minutes" in refusal.value.problems[0].hint
    (place / "config.yaml").write_text(written.replace("epochs: 1", "epochs: 2"))
    for go_on in (
        lambda: open_sweep(place, allowed=False),
        lambda: begin(longer),
        lambda: begin({**longer, "fit": {"epochs": 2}}),
    ):
        with pytest.raises(RunError, match=r"config\.yaml has changed since the sweep was begun"):
            go_on()
    (place / "config.yaml").write_text("# a remark\n" + written.replace("trials: 9", "trials: 8"))
    assert open_sweep(place, allowed=False).section.trials == 8


def test_trials_begin_with_the_same_weights(tmp_path: Path) -> None:
    """Which may be overwritten while the sweep goes on."""
    folder = SweepFolder(tmp_path)
    run = folder.trial(1)
    run.path.mkdir()
    begun = {"layer": "", "source": "teacher", "sha256": "a"}
    run.record.write_text(json.dumps({"trial": {"number": 1}, "weights": [begun]}))
    BegunWith(folder).require_alike([])
    of_all = BegunWith(folder)
    of_all.require_alike([Beginning("", "teacher", "a"), Beginning("", "other", "b")])
    for source, sha256 in (("teacher", "b"), ("other", "c")):
        with pytest.raises(RunError, match=f"{source} has changed since the sweep was begun"):
            of_all.require_alike([Beginning("", source, sha256)])


def test_a_sweep_of_a_preset_is_joined_and_so_has_several_workers(data: Path, tmp_path: Path) -> None:
    value = config(data, {"model.preset.mlp.hidden": [[8], [16, 8]]}) | {"model": {"preset": "mlp"}}
    begin_sweep(inspect_value(value, tmp_path), tmp_path / "s", overwrite=False, started=0.0)
    assert open_sweep(tmp_path / "s", allowed=False, overrides={"sweep.trials": 5}).section.trials == 5
    with pytest.raises(RunError, match="goes on with the config"):
        open_sweep(tmp_path / "s", allowed=False, overrides={"model.preset": {"mlp": {"dropout": 0.3}}})


def test_a_value_whose_file_or_column_is_not_there_is_refused_before_anything_is_made(
    data: Path, tmp_path: Path
) -> None:
    space = {"data.train": [str(data), "none.csv"], "data.features": [["a"], ["z"]], RATE: [0.01, 0.02]}
    for look in (dlcli.check, dlcli.sweep):
        arguments: dict[str, Any] = {"fast": True} if look is dlcli.check else {"run_dir": tmp_path / "s"}
        with pytest.raises(ConfigError) as fault:
            look(config(data, space), **arguments)
        assert [each.path for each in fault.value.problems] == [
            'sweep.space."data.train"',
            'sweep.space."data.features"',
        ]
        assert not (tmp_path / "s").exists()


def test_arguments_that_optuna_refuses_are_refused_before_anything_is_made(data: Path, tmp_path: Path) -> None:
    searched = config(data, {RATE: [0.01, 0.02]})
    searched["sweep"]["pruner"] = {"MedianPruner": {"n_warmup_steps": -3}}
    with pytest.raises(ConfigError, match="cannot be negative"):
        dlcli.sweep(searched, run_dir=tmp_path / "s")
    assert not (tmp_path / "s").exists()
