"""Runs side by side: the best by the metric's own direction, and only the keys that differ."""

from __future__ import annotations

import copy
import json

import pytest

from dlcli.errors import RunError
from dlcli.runs.survey.comparing import compare_runs, diff_runs
from dlcli.runs.survey.showing import show_run
from tests.runs.survey.conftest import CONFIG, MakeRun


def test_the_best_is_marked_and_the_same_is_not_told(make_run: MakeRun) -> None:
    other, wider = copy.deepcopy(CONFIG), copy.deepcopy(CONFIG)
    other["fit"]["epochs"] = 5
    wider["model"]["layers"].insert(1, {"Dense": {"units": 16}})
    make_run("runs/a", 0.5)
    make_run("runs/b", 0.75, config=other)
    make_run("runs/c", 0.75, config=wider, parameters=99)
    found = compare_runs(["runs/a", "runs/b", "runs/c"])
    rows = {row.name: row for row in found.metrics}
    assert rows["test.accuracy"].values == (0.5, 0.75, 0.75)
    assert (rows["test.accuracy"].best, rows["test.loss"].best) == ((1, 2), (1, 2))
    assert rows["seconds"].best == ()
    settings = {row.path: row for row in found.settings}
    assert list(settings) == ["fit.epochs", "model.layers[1]"]
    assert settings["fit.epochs"].values == (3, 5, 3)
    assert settings["model.layers[1]"].present == (False, False, True)
    assert settings["model.layers[1]"].added
    json.dumps(found.document())


def test_a_difference_is_told_of_config_versions_data_and_numbers(make_run: MakeRun) -> None:
    other = copy.deepcopy(CONFIG)
    other["compile"]["optimizer"] = {"SGD": {"learning_rate": 0.1}}
    data = {"train": [{"path": "iris.csv", "bytes": 3, "sha256": "8" * 64}]}
    make_run("runs/a", 0.5, git={"commit": "1" * 40})
    make_run("runs/b", 0.5, config=other, versions={"dlcli": "0.1.0", "keras": "3.15.2"}, data=data, epochs=2)
    found = diff_runs("runs/a", "runs/b")
    assert [change.path for change in found.config] == ["compile.optimizer"]
    assert [each.what for each in found.circumstances] == ["git.commit", "versions.keras", "data.train[0]"]
    assert [(row.name, row.values) for row in found.metrics] == [("epochs", (3, 2))]
    assert not found.same
    assert diff_runs("runs/a", "runs/a").same
    json.dumps(found.document())


def test_all_that_is_no_run_is_told(make_run: MakeRun) -> None:
    run = make_run("runs/a")
    (make_run("runs/b") / "config.yaml").unlink()
    with pytest.raises(RunError) as caught:
        compare_runs(["runs/a", "runs/x", "runs"])
    assert [problem.rule for problem in caught.value.problems] == ["run-missing", "not-a-run"]
    with pytest.raises(RunError, match=r"config\.yaml"):
        diff_runs("runs/a", "runs/b")
    with pytest.raises(RunError, match="two runs"):
        compare_runs([str(run)])


def test_a_run_in_full(make_run: MakeRun) -> None:
    run = make_run("runs/a", losses=[0.9, 0.4, 0.6])
    (run / "model.onnx").write_bytes(b"x")
    (run / "evaluations").mkdir()
    (run / "evaluations" / "new.json").write_text(json.dumps({"metrics": {"accuracy": 0.25}}))
    view = show_run("runs/a")
    (losses,) = view.history
    assert (losses.name, losses.best, losses.best_epoch, losses.last) == ("val_loss", 0.4, 2, 0.6)
    assert view.metrics["new"] == {"accuracy": 0.25}
    assert view.metrics["test"]["accuracy"] == 0.5
    assert view.layers() == ["Dense", "Dropout", "Dense"]
    assert view.files["checkpoints/"] == 1000
    assert view.commands[0] == "dlcli predict runs/a INPUT"
    document = view.document()
    assert document["config"]["fit"] == {"epochs": 3}
    assert document["data"]["train"][0]["sha256"] == "9" * 64
    json.dumps(document)


def test_a_run_that_ended_early_says_how_it_goes_on(make_run: MakeRun) -> None:
    make_run("runs/a b", None, status="interrupted")
    assert show_run("runs/a b").commands == ("dlcli train --resume 'runs/a b'",)
