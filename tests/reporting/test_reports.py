"""Reports of real runs: every kind of target and input, every way in which a run can end, hostile names."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import dlcli
from dlcli.config.signature import SPLITS
from dlcli.trained.own_code import GRANTED
from dlcli.trained.rows import rows_as_written, split_rows
from dlcli.trained.run import TrainedRun
from dlcli.trained.runtime import load
from dlcli.training.events import Notice
from tests.reporting.browser import in_browser, needs_browser
from tests.reporting.pages import Page, read_page, read_plots

pytestmark = pytest.mark.tensorflow

HOSTILE = '<script>alert("x")</script>'
EVIL = "a\u202eb'\"&|<i>"


def dense(units: int, activation: str = "linear") -> dict[str, Any]:
    return {"model": {"layers": [{"Dense": {"units": units, "activation": activation}}]}}


def rows(count: int = 60) -> dict[str, Any]:
    random = np.random.default_rng(5)
    return {"one": random.normal(size=count), "two": random.normal(size=count)}


def binary(folder: Path) -> dict[str, Any]:
    data = pd.DataFrame(rows())
    data["label"] = np.where(data.one > 0, HOSTILE, EVIL)
    data.to_csv(folder / "data.csv", index=False)
    return {"data": {"train": "data.csv", "target": "label", "validation": 0.2, "test": 0.3}, **dense(1, "sigmoid")}


def many(folder: Path) -> dict[str, Any]:
    data = pd.DataFrame(rows(400))
    data["text"] = [f"{'<b>' if place % 2 else 'word'} {HOSTILE} {place % 7}" for place in range(400)]
    data[HOSTILE] = [EVIL, "x", "y", "z"] * 100
    data["label"] = [f"class {place % 100}" for place in range(400)]
    data.to_csv(folder / "data.csv", index=False)
    return {
        "data": {"train": "data.csv", "target": "label", "test": 0.5, "split": "stratified"},
        **dense(100, "softmax"),
    }


def sets(folder: Path) -> dict[str, Any]:
    data = pd.DataFrame({"text": ["apples and pears", "cars", "apples in cars", "nothing"] * 15})
    data["tags"] = ["food", f"cars|{EVIL[:3]}", "food|cars", ""] * 15
    data.to_csv(folder / "data.csv", index=False)
    target = {"tags": {"type": "categories", "separator": "|"}}
    return {
        "data": {"train": "data.csv", "target": target, "features": {"text": "text"}, "test": 0.3},
        **dense(3, "sigmoid"),
    }


def numbers(folder: Path) -> dict[str, Any]:
    data = pd.DataFrame(rows())
    data["day"] = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    data["sum"], data["gap"] = data.one + data.two, 1e6 * (data.one - data.two)
    data.to_csv(folder / "data.csv", index=False)
    target = {"sums": {"type": "number", "columns": ["sum", "gap"]}, "y": {"type": "number", "columns": "one"}}
    features = {"two": "number", "day": "datetime"}
    return {
        "data": {"train": "data.csv", "target": target, "features": features, "test": 0.3},
        "model": {
            "layers": [
                {"Dense": {"units": 2}, "name": "first", "inputs": ["features"]},
                {"Dense": {"units": 1}, "name": "second", "inputs": ["features"]},
            ],
            "outputs": ["first", "second"],
        },
    }


def quantiles(folder: Path) -> dict[str, Any]:
    data = pd.DataFrame(rows())
    data["y"] = data.one * 3
    data.to_csv(folder / "data.csv", index=False)
    target = {"y": {"type": "number", "quantiles": [0.1, 0.5, 0.9]}}
    return {"data": {"train": "data.csv", "target": target, "validation": 0.3}, **dense(3)}


def images(folder: Path) -> dict[str, Any]:
    random = np.random.default_rng(1)
    pixels = random.integers(0, 255, (40, 12, 12, 3)).astype(np.uint8)
    np.savez(folder / "data.npz", x=pixels, y=(pixels[..., 0] > 128).astype(np.int64))
    features = {"x": {"type": "image", "columns": "x"}}
    layers = [{"Conv2D": {"filters": 2, "kernel_size": 1, "activation": "softmax"}}]
    data = {"train": "data.npz", "target": {"y": "category"}, "features": features, "test": 0.3}
    return {"data": data, "model": {"layers": layers}}


def windows(folder: Path) -> dict[str, Any]:
    steps = np.arange(160)
    series = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=160).strftime("%Y-%m-%d")})
    series["sales"] = np.sin(steps / 4) + steps / 50
    series.to_csv(folder / "data.csv", index=False)
    window = {"length": 8, "horizon": 3, "time": "time"}
    data = {"train": "data.csv", "target": "sales", "features": {"sales": "number"}, "test": 0.2, "windows": window}
    return {"data": data, "model": {"layers": ["Flatten", {"Dense": {"units": 3}}]}}


def sequences(folder: Path) -> dict[str, Any]:
    random = np.random.default_rng(2)
    x = random.normal(size=(40, 6, 2)).astype(np.float32)
    np.savez(folder / "data.npz", x=x, y=(x[..., 0] > 0).astype(np.int64))
    layers = [{"Dense": {"units": 2, "activation": "softmax"}}]
    return {"data": {"train": "data.npz", "target": {"y": "category"}}, "model": {"layers": layers}}


KINDS: dict[str, tuple[Callable[[Path], dict[str, Any]], set[str]]] = {
    "binary": (binary, {"confusion-0", "roc-0", "precision-recall-0", "calibration-0", "importance-0", "boundary-0"}),
    "many": (many, {"confusion-0", "roc-0", "calibration-0", "importance-0"}),
    "sets": (sets, {"roc-0", "precision-recall-0", "calibration-0"}),
    "numbers": (numbers, {"predicted-0-0", "residuals-0-1", "errors-1-0", "importance-0", "importance-1"}),
    "quantiles": (quantiles, {"quantiles-0", "predicted-0-0", "boundary-0"}),
    "images": (images, {"confusion-0", "roc-0"}),
    "windows": (windows, {"steps-0", "forecast-0-0", "forecast-0-3", "stretch-0"}),
    "sequences": (sequences, {"confusion-0", "roc-0"}),
}


class Runs:
    """Trains each kind once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[str, tuple[dlcli.Run, list[Notice]]] = {}

    def __call__(self, name: str) -> tuple[dlcli.Run, list[Notice]]:
        if name not in self._runs:
            folder = self._folder / name
            folder.mkdir(exist_ok=True)
            config = {"name": name, "fit": {"epochs": 2}, **KINDS[name][0](folder)}
            (folder / "config.yaml").write_text(json.dumps(config))
            said: list[Any] = []
            run = dlcli.train(folder / "config.yaml", run_dir=folder / "run", listener=said.append)
            self._runs[name] = run, [each for each in said if isinstance(each, Notice)]
        return self._runs[name]

    def copy(self, name: str, folder: Path) -> Path:
        """A run of its own, to be changed."""
        return Path(shutil.copytree(self(name)[0].path, folder / "run"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("kinds"))


def faults(notices: list[Notice]) -> list[str]:
    return [each.problem.message for each in notices if each.problem.rule in ("no-report", "report-part")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_ends_with_its_report(kind: str, runs: Runs) -> None:
    run, said = runs(kind)
    assert faults(said) == []
    read_page(run.path / "report.html")
    plots = read_plots(run.path / "plots")
    assert set(plots) >= KINDS[kind][1]
    card = (run.path / "model_card.md").read_text(encoding="utf-8")
    assert all(f"plots/{name}.svg" in card for name in plots if name.startswith("curve"))
    assert all(
        (run.path / each.partition("](")[2].rstrip(")")).is_file() for each in card.splitlines() if "](plots" in each
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_report_can_be_had_later(kind: str, runs: Runs, tmp_path: Path) -> None:
    run, _ = runs(kind)
    said: list[Any] = []
    assert dlcli.report(run, tmp_path / "page.html", listener=said.append) == tmp_path / "page.html"
    assert faults([each for each in said if isinstance(each, Notice)]) == []
    there, again = read_page(run.path / "report.html"), read_page(tmp_path / "page.html")
    assert there.headings == again.headings
    assert there.figures == again.figures


@pytest.mark.parametrize("kind", ["binary", "many", "numbers"])
def test_features_that_are_shuffled_at_once_are_worth_what_each_is_worth_by_itself(
    kind: str, runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = runs(kind)
    pages = [tmp_path / "together.html", tmp_path / "one by one.html"]
    dlcli.report(run, pages[0])
    monkeypatch.setattr("dlcli.reporting.sections.importance.MOST_AT_ONCE", 1)
    dlcli.report(run, pages[1])
    one, other = (page.read_text().partition('id="importance"')[2] for page in pages)
    assert one
    assert one == other


def test_names_of_classes_are_said_and_not_done(runs: Runs) -> None:
    page = read_page(runs("binary")[0].path / "report.html")
    assert HOSTILE in page.text
    assert "\u202e" not in page.text
    assert "What it decides where" in page.headings


def test_what_was_said_in_training_is_in_the_report(runs: Runs) -> None:
    run, said = runs("many")
    recorded = run.record["findings"]
    assert recorded
    assert {each["message"] for each in recorded} <= {each.problem.message for each in said}
    assert "What was found" in read_page(run.path / "report.html").headings


def test_images_are_shown_with_their_masks(runs: Runs) -> None:
    page = read_page(runs("images")[0].path / "report.html")
    assert page.pictures
    assert page.text.count("input, true, predicted") == len(page.pictures)


@needs_browser
@pytest.mark.parametrize("kind", ["many", "images"])
def test_a_phone_shows_it_all(kind: str, runs: Runs, tmp_path: Path) -> None:
    page = runs.copy(kind, tmp_path) / "report.html"
    seen = in_browser(page, width=390)
    assert (seen.messages, seen.beyond, seen.cut) == ([], [], [])
    read = read_page(page)
    assert seen.drawn == read.figures + len(read.pictures)


def test_pictures_say_their_rows_and_files(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    (tmp_path / "pictures").mkdir()
    names = [f"pictures/{place:02d}.png" for place in range(30)]
    for name in names:
        Image.fromarray(random.integers(0, 255, (8, 8), dtype=np.uint8)).save(tmp_path / name)
    pd.DataFrame({"file": names, "kind": random.choice(["a", "b"], 30)}).to_csv(tmp_path / "list.csv", index=False)
    data = {"train": str(tmp_path / "list.csv"), "target": "kind", "features": {"file": "image"}, "test": 0.5}
    config = {"data": data, "model": {"layers": ["Flatten", {"Dense": {"units": 2}}]}, "fit": {"epochs": 1}}
    page = read_page(dlcli.train(config, run_dir=tmp_path / "run").path / "report.html")
    shown = [text for text in page.texts if text.startswith("row ")]
    assert len(shown) == len(page.pictures) > 0
    for text in shown:
        assert names[int(text.removeprefix("row ")) - 1] in page.texts


def test_rows_keep_the_numbers_that_they_have_in_their_source(runs: Runs) -> None:
    run = load(runs("binary")[0].path, leave=GRANTED, warn=lambda problem: None)
    data = pd.read_csv(runs("binary")[0].path.parent / "data.csv")
    for split in SPLITS:
        taken = split_rows(run, split).take(slice(None))
        assert taken.rows is not None
        own = [codec.decode(taken.inputs["features"][:, [place]]) for place, codec in enumerate(features_of(run))]
        assert np.concatenate(own, axis=1) == pytest.approx(data[["one", "two"]].to_numpy()[taken.rows], abs=1e-5)
        written = rows_as_written(run, taken.rows[::-1].tolist(), split=split)
        assert [written[row]["two"] for row in taken.rows] == [repr(float(each)) for each in data.two[taken.rows]]


def features_of(run: TrainedRun) -> list[Any]:
    return list(run.preprocessing.features.values())


def test_the_worst_rows_are_shown_as_they_are_written(runs: Runs) -> None:
    texts = read_page(runs("numbers")[0].path / "report.html").texts
    data = pd.read_csv(runs("numbers")[0].path.parent / "data.csv")
    days = [text for text in texts if text in set(data.day)]
    assert len(days) >= 12
    for text in days:
        place = texts.index(text)
        number = next(int(each) for each in texts[place - 8 : place] if each.isdigit() and 0 < int(each) <= 60)
        assert data.day[number - 1] == text


def test_a_model_stands_beside_what_needs_none(runs: Runs) -> None:
    assert "beside what needs no model" in read_page(runs("binary")[0].path / "report.html").text


def test_an_evaluation_writes_the_report_of_what_it_measured(runs: Runs, tmp_path: Path) -> None:
    run = runs.copy("binary", tmp_path)
    (run / "report.html").unlink()
    dlcli.evaluate(run, split="train")
    assert not (run / "report.html").exists()
    page = read_page(run / "evaluations" / "train.html")
    assert "rows of the train split" in page.text
    data = runs("binary")[0].path.parent / "data.csv"
    dlcli.evaluate(run, data)
    assert "all 60 rows of data" in read_page(run / "evaluations" / "data.html").text
    dlcli.evaluate(run)
    assert "rows of the test split" in read_page(run / "report.html").text


def report_of(run: Path) -> tuple[Page, list[str]]:
    said: list[Any] = []
    page = read_page(dlcli.report(run, listener=said.append))
    read_plots(run / "plots")
    return page, faults([each for each in said if isinstance(each, Notice)])


def history(run: Path, values: list[float]) -> None:
    lines = [f"{place},0.1,9,{value},{value / 2}" for place, value in enumerate(values, start=1)]
    (run / "history.csv").write_text("\n".join(["epoch,seconds,rows_per_second,loss,val_loss", *lines, ""]))


@pytest.mark.parametrize(
    "values",
    [
        [1.5],
        [0.0, 0.0],
        [math.nan],
        [3.0, math.nan, math.inf, 2.0],
        [1e300, 1e-300, -1e300],
        [1 / place for place in range(1, 1001)],
    ],
    ids=["one epoch", "constant", "nothing", "gaps", "far", "a thousand"],
)
def test_any_history_is_drawn(values: list[float], runs: Runs, tmp_path: Path) -> None:
    run = runs.copy("binary", tmp_path)
    history(run, values)
    page, said = report_of(run)
    assert said == []
    assert "How it learnt" in page.headings
    assert ("without a number" in page.text) == any(not math.isfinite(value) for value in values)


def failed(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    record |= {"status": "failed", "error": f"RunError: {HOSTILE}", "metrics": {}, "model_epoch": None}
    (run / "run.json").write_text(json.dumps(record))
    for name in ("model.onnx", "model.keras"):
        (run / name).unlink()
    shutil.rmtree(run / "evaluations")


def without_epochs(run: Path) -> None:
    (run / "history.csv").unlink()


def without_evaluations(run: Path) -> None:
    shutil.rmtree(run / "evaluations")


def other_data(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    record["data"]["train"][0]["path"] = str(run / "gone.csv")
    (run / "run.json").write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("change", "rows_are_seen"),
    [(failed, False), (without_epochs, True), (without_evaluations, True), (other_data, False)],
)
def test_any_run_has_a_report(change: Callable[[Path], None], rows_are_seen: bool, runs: Runs, tmp_path: Path) -> None:
    run = runs.copy("binary", tmp_path)
    change(run)
    page, said = report_of(run)
    assert ("The worst mistakes" in page.headings) == rows_are_seen
    assert bool(said) == (not rows_are_seen)
    assert ("No rows are looked at" in page.text) == (not rows_are_seen)


def test_damaged_evaluations_cost_no_more_than_their_parts(runs: Runs, tmp_path: Path) -> None:
    run = runs.copy("binary", tmp_path)
    document = json.loads((run / "evaluations" / "test.json").read_text())
    (run / "evaluations" / "test.json").write_text(json.dumps({**document, "classes": [1], "macro_average": 3}))
    page, _ = report_of(run)
    assert "How it learnt" in page.headings


def test_a_report_is_left_out_on_request(runs: Runs, tmp_path: Path) -> None:
    config = runs("sequences")[0].path.parent / "config.yaml"
    run = dlcli.train(config, overrides=["report=false", "fit.epochs=1"], run_dir=tmp_path / "run")
    dlcli.evaluate(run, split="train")
    names = {path.name for path in run.path.rglob("*")}
    assert not {"report.html", "model_card.md", "plots", "train.html"} & names
    assert read_page(dlcli.report(run)).figures


def test_a_fault_of_the_report_fails_no_training(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a mistake of the report's")

    monkeypatch.setattr("dlcli.reporting.reports.look_at", broken)
    config = runs("sequences")[0].path.parent / "config.yaml"
    said: list[Any] = []
    run = dlcli.train(config, overrides=["fit.epochs=1"], run_dir=tmp_path / "run", listener=said.append)
    assert run.status == "completed"
    assert faults([each for each in said if isinstance(each, Notice)]) == [
        "the report is not written: ZeroDivisionError: a mistake of the report's"
    ]


def test_the_files_of_a_run_are_not_written_over(runs: Runs, tmp_path: Path) -> None:
    run = runs.copy("binary", tmp_path)
    for name in ("run.json", "plots/x.html", "model.onnx"):
        with pytest.raises(dlcli.DataError):
            dlcli.report(run, run / name)


def test_what_was_told_of_a_model_goes_with_it(runs: Runs, tmp_path: Path) -> None:
    from dlcli.runs.layout import RunDirectory

    run = runs.copy("binary", tmp_path)
    RunDirectory(run).forget_evaluations()
    assert not [*run.glob("*.html"), *run.glob("*.md"), *run.glob("plots/*"), *run.glob("evaluations/*")]
