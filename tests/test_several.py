"""Several trainings of one config: folds and ensembles, each equal to a training alone, together one model."""

from __future__ import annotations

import csv
import functools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import dlcli
from dlcli.cli.main import main
from dlcli.data.table.table import read_rows
from dlcli.errors import ConfigError, DataError, ModelError, RunError
from dlcli.reporting.plots.axes import short_number
from dlcli.runs.comparing import compare_history
from dlcli.runs.contents import foreign_files
from dlcli.runs.history import read_history
from dlcli.runs.layout import RunDirectory
from dlcli.training.events import Event
from dlcli.training.guards.interruption import StopTraining
from tests.reporting.pages import read_page, read_plots

pytestmark = pytest.mark.tensorflow

ROWS = 60
DRAW = np.random.default_rng(5)
TABLE = pd.DataFrame({"a": DRAW.normal(size=ROWS).round(3), "b": DRAW.normal(size=ROWS).round(3)})
TABLE["sign"] = np.where(TABLE["a"] > 0.2, "plus", "minus")
TABLE["total"] = (30 * TABLE["a"] - TABLE["b"] + 500).round(3)
TABLE["who"] = np.arange(ROWS) // 6
TABLE["kind"] = np.where(np.arange(ROWS) == 7, "odd", TABLE["sign"])


def job(place: Path, target: str = "sign", **changes: Any) -> dict[str, Any]:
    units = {"units": 1, "activation": "sigmoid"} if target == "sign" else {"units": 1}
    return {
        "seed": 3,
        "report": False,
        "data": {"train": str(place / "table.csv"), "test": 0.2, "target": target, "features": ["a", "b"]},
        "model": {
            "layers": [{"Dense": {"units": 4, "activation": "relu"}}, {"Dropout": {"rate": 0.2}}, {"Dense": units}]
        },
        "fit": {"epochs": 2},
        **changes,
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a table, two cross-validations of it and an ensemble."""
    place = tmp_path_factory.mktemp("several")
    TABLE.to_csv(place / "table.csv", index=False)
    dlcli.cross_validate(job(place), folds=3, run_dir=place / "classes")
    dlcli.cross_validate(job(place, "total"), folds=2, run_dir=place / "numbers")
    dlcli.train(job(place, ensemble=2, report=True), run_dir=place / "ensemble")
    return place


def weights(run: Path) -> list[Any]:
    from dlcli.trained.keras_predictor import load_keras
    from dlcli.trained.own_code import GRANTED

    predictor: Any = load_keras(RunDirectory.open(run), leave=GRANTED).predictor
    return [np.asarray(each) for each in predictor.assembly.model.weights]


@pytest.mark.parametrize("member", ["classes/fold-3", "ensemble/member-2"])
def test_each_member_is_the_run_that_train_makes_alone(member: str, place: Path, tmp_path: Path) -> None:
    alone = dlcli.train(place / member / "config.yaml", run_dir=tmp_path / "alone")
    assert compare_history(read_history(place / member / "history.csv"), read_history(alone.path / "history.csv")) == []
    assert alone.final_metrics() == dlcli.Run(place / member).final_metrics()
    for one, other in zip(weights(place / member), weights(alone.path), strict=True):
        assert one.tobytes() == other.tobytes()


def test_folds_of_numbers_have_one_program_and_units_of_their_own(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has another deviation of its target, and another range to keep predictions to: programs read these."""
    from dlcli.backend import engine

    layers = [{"Dense": {"units": 1}}, {"RangeClip": {"minimum": "auto", "maximum": "auto"}}]
    scaled = job(place, model={"layers": layers}, compile={"metrics": ["mae"], "optimizer": {"Adam": {}}})
    scaled["data"] |= {"target": {"total": {"type": "number", "scale": "standard"}}, "batch_size": 8, "drop_last": True}
    traced: list[str] = []
    made = engine.Trainer.program

    def counting(self: Any, key: Any, make: Any) -> Any:
        def making(xla: bool) -> Any:
            traced.append(repr(key))
            return make(xla)

        return made(self, key, making)

    monkeypatch.setattr(engine.Trainer, "program", counting)
    folds = dlcli.cross_validate(scaled, folds=3, run_dir=tmp_path / "folds").path
    assert len(traced) == 1
    units = {
        repr(yaml.safe_load((folds / f"fold-{place}" / "config.yaml").read_text())["model"]) for place in (1, 2, 3)
    }
    assert len(units) == 3
    test_each_member_is_the_run_that_train_makes_alone("fold-3", folds, tmp_path)
    alone, shared = (dlcli.predict(each, TABLE) for each in (tmp_path / "alone", folds / "fold-3"))
    pd.testing.assert_frame_equal(alone, shared, check_exact=True)


def test_folds_of_many_numbers_measure_in_their_own_units(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more numbers than programs read the units of, each fold has a program of its own."""
    monkeypatch.setattr("dlcli.model.adjustable.MOST_UNITS", 1)
    both = job(place, model={"layers": [{"Dense": {"units": 2}}]}, compile={"metrics": ["mae"]})
    both["data"] |= {"target": {name: {"type": "number", "scale": "standard"} for name in ("total", "who")}}
    both["data"] |= {"batch_size": 8, "drop_last": True}
    second = dlcli.cross_validate(both, folds=2, run_dir=tmp_path / "folds").path / "fold-2"
    alone = dlcli.train(second / "config.yaml", run_dir=tmp_path / "alone")
    assert compare_history(read_history(second / "history.csv"), read_history(alone.path / "history.csv")) == []


def test_the_first_member_is_the_model_without_an_ensemble(place: Path, tmp_path: Path) -> None:
    alone = dlcli.train(job(place), run_dir=tmp_path / "alone")
    first = dlcli.Run(place / "ensemble" / "member-1")
    assert first.final_metrics() == alone.final_metrics()
    assert first.final_metrics() != dlcli.Run(place / "ensemble" / "member-2").final_metrics()


def test_each_row_is_predicted_by_the_model_that_has_not_seen_it(place: Path) -> None:
    table = pd.read_csv(place / "classes" / "predictions.csv")
    assert len(table) == 48  # the test split is in no fold
    assert table["row"].is_monotonic_increasing
    assert table["sign"].tolist() == TABLE["sign"].iloc[table["row"] - 1].tolist()
    for number in (1, 2, 3):
        own = table[table["fold"] == number]
        said = dlcli.predict(place / "classes" / f"fold-{number}", TABLE.iloc[own["row"] - 1])
        assert np.allclose(said["probability_plus"], own["probability_plus"], rtol=1e-4)
    numbers = pd.read_csv(place / "numbers" / "predictions.csv")
    assert numbers["total"].tolist() == TABLE["total"].iloc[numbers["row"] - 1].tolist()  # as in the file, to the digit
    accuracy = float((table["prediction"] == table["sign"]).mean())
    assert np.isclose(dlcli.Run(place / "classes").final_metrics()["validation"]["accuracy"], accuracy, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "column"), [("classes", "probability_plus"), ("numbers", "prediction"), ("ensemble", "probability_minus")]
)
def test_a_folder_predicts_the_mean_of_its_members(name: str, column: str, place: Path) -> None:
    members = json.loads((place / name / "run.json").read_text())["members"]
    each = [dlcli.predict(place / name / member, TABLE)[column] for member in members]
    together = dlcli.predict(place / name, TABLE)
    assert np.allclose(together[column], np.mean(each, axis=0), rtol=1e-6)
    if name != "numbers":
        assert ((together["probability_plus"] > 0.5) == (together["prediction"] == "plus")).all()


def test_it_is_evaluated_as_it_predicts(place: Path) -> None:
    evaluation = dlcli.evaluate(place / "numbers", TABLE)
    errors = dlcli.predict(place / "numbers", TABLE)["prediction"] - TABLE["total"]
    assert np.isclose(evaluation.metrics["mae"], errors.abs().mean())
    held_out = dlcli.Run(place / "classes").evaluation("test")
    assert held_out["rows"] == 12
    with pytest.raises(DataError, match="validation split of its own"):
        dlcli.evaluate(place / "classes", split="validation")


def test_the_record_says_the_mean_and_the_spread(place: Path) -> None:
    run = dlcli.Run(place / "classes")
    losses = [dlcli.Run(place / "classes" / f"fold-{n}").final_metrics()["validation"]["loss"] for n in (1, 2, 3)]
    assert np.isclose(run.final_metrics()["validation"]["loss"], np.mean(losses))
    assert np.isclose(run.record["spread"]["validation"]["loss"], np.std(losses, ddof=1))


def test_the_report_has_each_member_and_their_mean(place: Path) -> None:
    page = read_page(place / "ensemble" / "report.html")
    assert "Each member" in page.headings
    assert "sign: each member, on the test split" in page.text
    assert "their mean as one model" in page.text
    assert {"Classes", "What the features are worth"} <= set(page.headings)
    plots = read_plots(place / "ensemble" / "plots")
    assert {"curve-0", "confusion-0", "roc-0", "importance-0"} <= plots.keys()
    assert "Each member" in (place / "ensemble" / "model_card.md").read_text()
    together = dlcli.Run(place / "ensemble").metrics("test")["accuracy"]
    assert short_number(together) in page.text


@pytest.mark.parametrize(
    ("name", "plots"),
    [
        ("classes", {"left-out-confusion-0", "left-out-roc-0", "left-out-calibration-0", "confusion-0", "boundary-0"}),
        ("numbers", {"left-out-predicted-0-0", "left-out-residuals-0-0", "predicted-0-0", "importance-0"}),
    ],
)
def test_the_report_of_folds_has_each_row_by_the_model_that_has_not_seen_it(
    name: str, plots: set[str], place: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(place / name, tmp_path / name)
    said: list[Any] = []
    page = read_page(dlcli.report(folder, listener=said.append))
    assert said == []
    assert plots <= read_plots(folder / "plots").keys()
    assert "all 48 rows, each predicted by the model that has not seen it" in page.text
    assert "all 12 rows of the test split" in page.text
    for metric, mean in dlcli.Run(folder).final_metrics()["validation"].items():
        assert short_number(mean) in page.text, metric
    if name == "classes":
        table = read_rows_of(folder / "predictions.csv")
        right = sum(row["sign"] == row["prediction"] for row in table)
        assert f"{right:,} of 48 are right" in page.text


def read_rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_folder_that_was_ended_has_a_report_of_what_there_is(place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place / "classes", tmp_path / "ended")
    shutil.rmtree(folder / "fold-2")
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "status": "interrupted", "metrics": {}, "spread": {}}))
    page = read_page(dlcli.report(folder))
    assert "It is interrupted: 2 of 3 folds are trained." in page.text
    assert "dlcli cross-validate --resume" in page.text
    assert "Not trained, or not readable: fold-2." in page.text
    (place / "table.csv").rename(tmp_path / "away.csv")
    try:
        assert "No rows are looked at" in read_page(dlcli.report(folder, tmp_path / "page.html")).text
    finally:
        (tmp_path / "away.csv").rename(place / "table.csv")


def emptied(folder: Path) -> None:
    for file in folder.glob("fold-*/evaluations/*.json"):
        file.write_text("{}")


def changed(folder: Path) -> None:
    file = folder / "fold-3" / "evaluations" / "validation.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "classes": {"a": 1}, "confusion_matrix": [[1]]}))


def odd(folder: Path) -> None:
    record = json.loads((folder / "run.json").read_text())
    record |= {"metrics": 3, "spread": "x", "runs": None, "folds": [1], "findings": 3, "epochs": "many"}
    (folder / "run.json").write_text(json.dumps(record))


def without_histories(folder: Path) -> None:
    for file in folder.glob("fold-*/history.csv"):
        file.unlink()


def without_models(folder: Path) -> None:
    (folder / "fold-2" / "model.onnx").unlink()


@pytest.mark.parametrize("change", [emptied, changed, odd, without_histories, without_models])
def test_what_is_damaged_costs_no_more_than_its_part(change: Any, place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place / "classes", tmp_path / "damaged")
    change(folder)
    page = read_page(dlcli.report(folder))
    assert {"What was trained", "How to use it", "Where it comes from"} <= set(page.headings)


def test_a_folder_without_members_is_refused(place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place / "classes", tmp_path / "empty")
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "members": []}))
    with pytest.raises(RunError, match="has no member that can be read"):
        dlcli.report(folder)


def test_what_was_said_of_some_members_has_their_names(place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place / "classes", tmp_path / "said")
    for name in ("fold-1", "fold-2", "fold-3"):
        record = json.loads((folder / name / "run.json").read_text())
        said = ["said of all", *(["said of some"] if name != "fold-2" else [])]
        record["findings"] = [{"message": each, "path": "", "hint": "", "rule": "r", "warning": True} for each in said]
        (folder / name / "run.json").write_text(json.dumps(record))
    page = read_page(dlcli.report(folder))
    assert page.text.count("said of all") == page.text.count("said of some") == 1
    assert "fold-1, fold-3: said of some" in page.text


def test_a_folder_is_evaluated_with_a_page_of_its_own(place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place / "ensemble", tmp_path / "ensemble")
    dlcli.evaluate(folder, TABLE.iloc[:20])
    assert "all 20 rows of frame" in read_page(folder / "evaluations" / "frame.html").text


def test_a_folder_is_reproduced_member_by_member(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["dlcli", "reproduce", str(place / "numbers"), "--json"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same"]
    assert [Path(each["run"]).name for each in found["members"]] == ["fold-1", "fold-2"]
    assert all(each["epochs"] == 2 and each["same"] for each in found["members"])
    assert sorted(path.name for path in place.iterdir() if path.name.startswith(".")) == []


def test_the_config_of_the_folder_is_of_all_folds(place: Path) -> None:
    again = dlcli.check(place / "classes" / "config.yaml", fast=True, folds=3)
    assert again.folds == dlcli.check(job(place), fast=True, folds=3).folds
    with pytest.raises(ConfigError) as refusal:
        dlcli.cross_validate(place / "classes" / "fold-1" / "config.yaml", folds=3, run_dir=place / "nested")
    assert refusal.value.problems[0].rule == "nested-folds"


def test_an_absent_member_is_named(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "classes", tmp_path / "classes")
    shutil.rmtree(tmp_path / "classes" / "fold-2")
    with pytest.raises(RunError, match="fold-2"):
        dlcli.predict(tmp_path / "classes", TABLE)


def test_it_goes_on_fold_by_fold(place: Path, tmp_path: Path) -> None:
    folds = {"number": 0}

    def stop(event: Event) -> None:
        if type(event).__name__ == "Stage" and event.name == "fold-2, epoch 1":  # type: ignore[union-attr]
            folds["number"] += 1
            raise StopTraining

    table = tmp_path / "table.csv"
    shutil.copy(place / "table.csv", table)
    run = dlcli.cross_validate(job(tmp_path), folds=3, run_dir=tmp_path / "cv", listener=stop)
    assert run.status == "interrupted"
    assert folds["number"] == 1
    with pytest.raises(RunError, match=r"not complete|fold-"):
        dlcli.predict(run, TABLE)
    TABLE[:-6].to_csv(table, index=False)
    with pytest.raises(RunError, match=r"data.train reads other files than when .*fold-1 was trained"):
        dlcli.cross_validate(resume=run)
    shutil.copy(place / "table.csv", table)
    written = (run.path / "config.yaml").read_text()
    (run.path / "config.yaml").write_text(written.replace("epochs: 2", "epochs: 3"))
    with pytest.raises(RunError, match=r"config.yaml has changed since the cross-validation was begun"):
        dlcli.cross_validate(resume=run)
    (run.path / "config.yaml").write_text(written)
    again = dlcli.cross_validate(resume=run)
    assert again.status == "completed"
    assert again.final_metrics() == dlcli.Run(place / "classes").final_metrics()
    assert (tmp_path / "cv" / "predictions.csv").read_text() == (place / "classes" / "predictions.csv").read_text()
    (run.path / "fold-1").rename(tmp_path / "elsewhere")
    with pytest.raises(RunError) as refusal:
        dlcli.predict(run, TABLE)
    assert "cross-validate --resume" in refusal.value.problems[0].hint
    assert dlcli.cross_validate(resume=run).final_metrics() == again.final_metrics()
    assert dlcli.Run(run.path / "fold-1").history == dlcli.Run(tmp_path / "elsewhere").history
    epochs = again.epochs
    dlcli.train(resume=run.path / "fold-1", overrides=["fit.epochs=3"])
    told: list[Any] = []
    dlcli.predict(run, TABLE, listener=told.append)
    said = [each.problem.message for each in told if getattr(each, "problem", None) is not None]
    assert [f"{epochs + 1} epochs in all, and {epochs} then" in message for message in said] == [True]


def test_it_goes_on_where_it_was_killed_between_the_last_fold_and_the_report(place: Path, tmp_path: Path) -> None:
    said = job(place, fit={"epochs": 1}, report=True)
    whole = dlcli.cross_validate(said, folds=2, run_dir=tmp_path / "whole")
    killed = tmp_path / "killed"
    shutil.copytree(whole.path, killed)
    record = json.loads((killed / "run.json").read_text())
    for name in ("metrics", "spread", "runs", "findings"):
        record.pop(name)
    (killed / "run.json").write_text(json.dumps({**record, "status": "running", "finished": None}))
    for name in ("predictions.csv", "report.html", "model_card.md", "fold-2/report.html"):
        (killed / name).unlink()
    again = dlcli.cross_validate(resume=killed)
    assert (again.status, again.final_metrics()) == ("completed", whole.final_metrics())
    assert again.record["runs"] == whole.record["runs"]
    # Here members are read from the disk, and there they were there still.
    assert (killed / "predictions.csv").read_bytes() == (whole.path / "predictions.csv").read_bytes()
    one, other = read_page(killed / "report.html"), read_page(whole.path / "report.html")
    assert (one.headings, one.figures) == (other.headings, other.figures)
    for name in ("fold-1/model.keras", "fold-1/report.html", "fold-2/model.keras", "fold-2/model.onnx"):
        assert (killed / name).read_bytes() == (whole.path / name).read_bytes()


def test_the_table_is_read_once(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(*arguments: Any, **more: Any) -> Any:
        calls.append(1)
        return read_rows(*arguments, **more)

    monkeypatch.setattr("dlcli.data.stages.read_rows", counted)
    dlcli.cross_validate(job(place, fit={"epochs": 1}, checkpoint=False), folds=2, run_dir=tmp_path / "cv")
    assert len(calls) == 1


def test_groups_stay_in_one_fold(place: Path, tmp_path: Path) -> None:
    config = job(place, fit={"epochs": 1})
    config["data"] |= {"split": {"group": "who"}, "features": ["a", "b"]}
    (tmp_path / "own.py").write_text("def nothing():\n    return None\n")
    config["code"] = [str(tmp_path / "own.py")]
    dlcli.cross_validate(config, folds=2, run_dir=tmp_path / "cv")
    assert foreign_files(RunDirectory(tmp_path / "cv")) == []  # it can be replaced, and cleared away
    table = pd.read_csv(tmp_path / "cv" / "predictions.csv")
    assert (table.groupby(TABLE["who"].iloc[table["row"] - 1].to_numpy())["fold"].nunique() == 1).all()


def test_each_step_of_windows_is_predicted_by_the_model_that_has_not_seen_it(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=30).strftime("%d.%m.%Y")
    each = [
        pd.DataFrame({"day": days, "shop": shop, "sales": np.round(DRAW.normal(size=30) + 7, 2)}) for shop in ("n", "s")
    ]
    table = pd.concat(each).sample(frac=1, random_state=1).reset_index(drop=True)  # not in the order of time
    table.to_csv(tmp_path / "table.csv", index=False)
    config = job(tmp_path, "sales", model={"layers": [{"Flatten": {}}, {"Dense": {"units": 2}}]}, fit={"epochs": 1})
    config["data"] |= {"features": {"sales": "number", "day": {"type": "datetime", "format": "%d.%m.%Y"}}}
    config["data"] |= {"windows": {"length": 3, "horizon": 2, "time": "day", "series": "shop", "scale": "window"}}
    told: list[Any] = []
    dlcli.cross_validate(config, folds=2, run_dir=tmp_path / "cv", listener=told.append)
    found = pd.read_csv(tmp_path / "cv" / "predictions.csv")
    assert list(found.columns) == ["row", "fold", "step", "shop", "day", "sales", "prediction"]
    rows = table.iloc[found["row"] - 1].reset_index(drop=True)
    assert found[["day", "shop", "sales"]].equals(rows[["day", "shop", "sales"]])
    errors = (found["prediction"] - found["sales"]).abs().groupby(found["fold"]).mean()
    for number, error in errors.items():
        member = dlcli.evaluate(tmp_path / "cv" / f"fold-{number}", split="validation").document()
        assert np.isclose(member["mae"], error, rtol=1e-4)
    said = [event.problem.message for event in told if type(event).__name__ == "Notice"]
    assert any("16 of 48 rows are validated on by no fold" in message for message in said)


@pytest.mark.parametrize(
    ("changes", "counts", "fault", "words"),
    [
        ({"split": "stratified"}, {"folds": 40}, DataError, "of every class"),
        ({"split": {"group": "who"}}, {"folds": 9}, DataError, "8 groups"),
        ({"target": "kind"}, {"folds": 3}, DataError, r"fold \d of 3: .*never shows: 'odd'"),
        ({"split": "ordered"}, {"folds": 3, "repeats": 2}, DataError, "the same models again"),
        ({"split": {"ordered": "who"}}, {"folds": 3, "repeats": 2}, DataError, "the same models again"),
        ({"split": {"group": "who"}}, {"folds": 8, "repeats": 3}, DataError, "repeat 2 divides the rows as repeat 1"),
        ({"validation": "table.csv"}, {"folds": 2}, ConfigError, "fold"),
        ({}, {"folds": 1}, ConfigError, "2 to 1,000 folds"),
    ],
)
def test_what_cannot_be_folded_leaves_nothing(
    changes: dict[str, Any],
    counts: dict[str, Any],
    fault: type[Exception],
    words: str,
    place: Path,
    tmp_path: Path,
) -> None:
    config = job(place)
    config["data"] |= changes
    with pytest.raises(fault, match=words):
        dlcli.cross_validate(config, **counts, run_dir=tmp_path / "cv")
    assert not (tmp_path / "cv").exists()


@pytest.mark.parametrize("value", [0, 1, "many", 2.5, {"folds": 1}, {"folds": "5"}, {"folds": None}, {"fold": 5}])
def test_an_ensemble_of_a_wrong_size(value: Any, place: Path) -> None:
    with pytest.raises(ConfigError, match=r"ensemble|expected"):
        dlcli.check(job(place, ensemble=value), fast=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"fold": {"number": 1, "of": 3}}, "no folds within folds"), ({"validation": "table-2.csv"}, "of its own")],
)
def test_what_folds_do_not_go_with_is_told_without_rows(changes: Any, words: str, place: Path) -> None:
    shutil.copy(place / "table.csv", place / "table-2.csv")
    config = job(place, ensemble={"folds": 3})
    config["data"] |= {key: str(place / value) if key == "validation" else value for key, value in changes.items()}
    with pytest.raises(ConfigError, match=words):
        dlcli.check(config, fast=True)


def test_check_says_how_many_are_trained(place: Path) -> None:
    told: list[Any] = []
    dlcli.check(job(place, ensemble=7), fast=True, listener=told.append)
    assert "7 models are trained" in told[0].problem.message


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("ensemble", "dlcli train --resume .*ensemble"),
        ("classes/fold-1", "dlcli train --resume .*fold-1"),
    ],
)
def test_each_kind_is_gone_on_with_by_its_command(name: str, way_out: str, place: Path) -> None:
    with pytest.raises(RunError, match=way_out):
        dlcli.cross_validate(resume=place / name)


def test_more_folds_than_rows_are_of_the_ensemble_that_asks_for_them(place: Path) -> None:
    with pytest.raises(DataError, match="cannot be divided into 200 folds") as refusal:
        dlcli.train(job(place, ensemble={"folds": 200}))
    assert "ensemble: {folds: 200}" in str(refusal.value.problems[0])


def main_said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says that ends well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["dlcli", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code == 0
    return capsys.readouterr().err


def test_an_ensemble_of_folds_is_what_cross_validate_trains(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folds: dict[str, Any] = {"ensemble": {"folds": 3}}
    checked = dlcli.check(job(place, **folds))
    assert [each.samples["validation"] for each in checked.folds] == [16] * 3
    run = dlcli.train(job(place, **folds), run_dir=tmp_path / "run")
    assert dlcli.check(run.path / "config.yaml").folds == checked.folds
    for name in ("fold-1/history.csv", "fold-3/history.csv"):
        assert compare_history(read_history(place / "classes" / name), read_history(run.path / name)) == []
    assert (run.path / "predictions.csv").read_text() == (place / "classes" / "predictions.csv").read_text()
    assert yaml.safe_load((run.path / "config.yaml").read_text())["ensemble"] == {"folds": 3}
    assert dlcli.Run(run.path).record["kind"] == "cross_validation"
    assert main_said(["train", "--resume", str(run.path)], capsys).count("by the model that has not seen it") == 1
    shutil.copy(place / "table.csv", tmp_path / "more.csv")
    data = job(place)["data"] | {"validation": str(tmp_path / "more.csv")}
    with pytest.raises(ConfigError, match="a source of its own: leave it out"):
        dlcli.check(job(place, **folds, data=data))
    with pytest.raises(ConfigError, match="no folds within folds"):
        dlcli.train(run.path / "fold-1" / "config.yaml", overrides=folds)


def test_an_ensemble_is_not_cross_validated(place: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        dlcli.cross_validate(job(place, ensemble=2), run_dir=tmp_path / "cv")
    assert refusal.value.problems[0].rule == "ensemble"


def test_the_command(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["dlcli", "cross-validate", "--resume", str(place / "classes"), "--json"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in document["members"]] == ["fold-1", "fold-2", "fold-3"]
    assert document["metrics"]["validation"].keys() == document["spread"]["validation"].keys()


def test_nothing_of_it_needs_tensorflow_to_predict(place: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, pandas, dlcli\n"
        f"print(len(dlcli.predict({str(place / 'numbers')!r}, pandas.read_csv({str(place / 'table.csv')!r}))))\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(ROWS)


def one_file(file: Path, table: pd.DataFrame) -> tuple[Any, Any]:
    """What an exported file gives for columns as they are, and its description."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    given = {each.name: table[[each.name]].to_numpy() for each in session.get_inputs()}
    described = session.get_modelmeta().custom_metadata_map
    return session.run(None, given)[0], json.loads(described["outputs"])[0]


@pytest.mark.parametrize("name", ["classes", "numbers"])
def test_folds_are_one_file_that_takes_columns(name: str, place: Path, tmp_path: Path) -> None:
    done = dlcli.export(place / name, tmp_path / "all.onnx", with_preprocessing=True)
    said, described = one_file(done.path, TABLE[["a", "b"]])
    together = dlcli.predict(place / name, TABLE)
    if name == "classes":
        assert described["targets"][0]["classes"] == ["minus", "plus"]
        assert np.allclose(said[:, 0], together["probability_plus"], atol=1e-5)
    else:
        assert (described["targets"][0]["scale"], described["targets"][0]["offset"]) == ([1.0], [0.0])
        assert np.allclose(said[:, 0], together["prediction"], atol=1e-3)
        assert 400 < said.mean() < 600


def test_an_ensemble_is_one_file_that_takes_encoded_numbers(place: Path, tmp_path: Path) -> None:
    import onnxruntime

    from dlcli.data.inputs import open_input
    from dlcli.trained.own_code import GRANTED
    from dlcli.trained.runtime import load

    done = dlcli.export(place / "ensemble", tmp_path / "all.onnx")
    assert done.parity.rows == ROWS
    first = load(place / "ensemble" / "member-1", leave=GRANTED, warn=print)
    rows = open_input([str(place / "table.csv")], first.config.data, first.preprocessing)
    encoded = first.preprocessing.encode(next(iter(rows.rows())).chunk, ())
    (said,) = onnxruntime.InferenceSession(str(done.path)).run(None, encoded)
    together = dlcli.predict(place / "ensemble", TABLE)
    assert np.allclose(said[:, 0], together["probability_plus"], atol=1e-5)
    for _ in range(2):  # without an output the folder has it, again as of one run
        own = dlcli.export(place / "ensemble").path
        assert own == place / "ensemble" / "model.onnx"
        assert own.read_bytes() == done.path.read_bytes()


@pytest.mark.parametrize(
    ("name", "format", "way_out"), [("classes", "onnx", "--with-preprocessing"), ("ensemble", "keras", "--format onnx")]
)
def test_what_is_no_one_file_is_refused(name: str, format: str, way_out: str, place: Path, tmp_path: Path) -> None:
    output = tmp_path / f"all.{format}"
    with pytest.raises(ModelError) as refusal:
        dlcli.export(place / name, output, format=format)
    assert way_out in refusal.value.problems[0].hint
    assert not output.exists()


@pytest.mark.soak
def test_the_example_of_folds_is_as_good_as_it_says(project: Path, tmp_path: Path) -> None:
    run = dlcli.cross_validate(project / "configs" / "breast_cancer_folds.yaml", folds=5, run_dir=tmp_path / "cv")
    assert run.final_metrics()["validation"]["accuracy"] >= 0.96
    assert 0.01 < run.record["spread"]["validation"]["accuracy"] < 0.035
    assert len(pd.read_csv(tmp_path / "cv" / "predictions.csv")) == 569


def test_a_folder_whose_first_member_is_refused_leaves_nothing_and_puts_back_what_it_replaced(
    place: Path, tmp_path: Path
) -> None:
    config = job(place) | {"compile": {"metrics": ["F1Score"]}}  # a number a class, which is none for History
    folder = shutil.copytree(place / "numbers", tmp_path / "there")
    trainings: list[Any] = [
        functools.partial(dlcli.cross_validate, config, folds=2),
        functools.partial(dlcli.train, config | {"ensemble": 2}),
    ]
    for train in trainings:
        with pytest.raises((ConfigError, ModelError), match="-1: "):
            train(run_dir=tmp_path / "new")
        assert not (tmp_path / "new").exists()
        with pytest.raises((ConfigError, ModelError), match="-1: "):
            train(run_dir=folder, overwrite=True)
        assert [each.name for each in tmp_path.iterdir()] == ["there"]
        assert dlcli.Run(folder).status == "completed"


def test_what_is_told_of_one_fold_has_its_name_and_information_is_told_once(place: Path, tmp_path: Path) -> None:
    told: list[Any] = []
    config = job(place, "total", fit={"epochs": 1}, compile={"optimizer": {"SGD": {"learning_rate": 1e-9}}})
    dlcli.cross_validate(config, folds=3, run_dir=tmp_path / "cv", listener=told.append)
    notices = [event for event in told if type(event).__name__ == "Notice"]
    assert sum("standardised for the loss" in each.problem.message for each in notices) == 1
    worse = [each.of for each in notices if each.problem.rule == "worse-than-mean"]
    assert worse
    assert set(worse) <= {"fold-1", "fold-2", "fold-3"}
    assert all(each.named.message.startswith(f"{each.of}: the model") for each in notices if each.of in worse)


def test_folds_that_cannot_be_are_the_fault_of_the_option(place: Path) -> None:
    with pytest.raises(DataError) as fault:
        dlcli.check(job(place), folds=70, fast=True)
    assert str(fault.value).startswith("--folds 70: ")


def test_sets_and_lists_stand_beside_what_was_predicted_as_they_were_read(tmp_path: Path) -> None:
    table = TABLE.assign(tags=np.where(TABLE["a"] > 0, "b|a", "c"), cat=(TABLE["a"] > 0).astype(int), dog=1)
    table.loc[::2, "dog"] = 0
    table.to_csv(tmp_path / "table.csv", index=False)
    for number, (target, columns) in enumerate(
        [
            ({"tags": {"type": "categories", "separator": "|"}}, ["tags"]),
            ({"pets": {"type": "categories", "columns": ["cat", "dog"]}}, ["cat", "dog"]),
        ]
    ):
        config = job(tmp_path, fit={"epochs": 1})
        config["data"]["target"] = target
        config["model"] = {"layers": [{"Dense": {"units": "auto", "activation": "sigmoid"}}]}
        dlcli.cross_validate(config, folds=2, run_dir=tmp_path / f"cv-{number}")
        found = pd.read_csv(tmp_path / f"cv-{number}" / "predictions.csv")
        assert found[columns].equals(table.iloc[found["row"] - 1][columns].reset_index(drop=True))
