"""Trackers follow a training, and whatever they do, it ends as without them."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import dlcli
from dlcli.config.schema import Config
from dlcli.errors import Problem
from dlcli.training.events import Event, Notice
from dlcli.training.tracking import tracking
from dlcli.training.tracking.following import Following
from dlcli.training.tracking.tracker import TrackedEnd, TrackedEpoch, TrackedJob

JOB = TrackedJob(Path("run"), "run", "iris", {"fit.epochs": 2}, {})
EPOCH = TrackedEpoch(1, 0.0, {"loss": 0.5})
END = TrackedEnd("completed", 0.0, {"test.loss": 0.5})


class Recording:
    """A tracker that remembers what it was told, and fails or waits where it is told to."""

    def __init__(self, *, fails: str = "", waits: threading.Event | None = None) -> None:
        self.told: list[str] = []
        self._fails, self._waits = fails, waits

    def _take(self, name: str) -> None:
        if self._waits is not None:
            self._waits.wait()
        if name == self._fails:
            raise RuntimeError("no\nserver")
        self.told.append(name)

    def begin(self, job: TrackedJob) -> Mapping[str, Any]:
        self._take("begin")
        return {"id": 7}

    def epoch(self, epoch: TrackedEpoch) -> None:
        self._take("epoch")

    def end(self, end: TrackedEnd) -> None:
        self._take("end")


def follow(tracker: Recording, *, patience: float = 30.0) -> tuple[list[Mapping[str, Any]], Problem | None]:
    kept: list[Mapping[str, Any]] = []
    following = Following("test", lambda: tracker, keep=kept.append, patience=patience)
    following.begin(JOB)
    following.epoch(EPOCH)
    following.end(END)
    problem = following.problem()
    assert following.problem() is None
    return kept, problem


def test_a_tracker_is_told_everything_in_order() -> None:
    tracker = Recording()
    assert follow(tracker) == ([{"id": 7}], None)
    assert tracker.told == ["begin", "epoch", "end"]


@pytest.mark.parametrize("call", ["begin", "epoch", "end"])
def test_what_a_tracker_raises_is_told_once_and_ends_it(call: str) -> None:
    tracker = Recording(fails=call)
    _, problem = follow(tracker)
    assert problem is not None
    assert (problem.rule, problem.path) == ("not-tracked", "tracking.test")
    assert "RuntimeError: no server" in problem.message
    assert tracker.told == ["begin", "epoch", "end"][: ["begin", "epoch", "end"].index(call)]


def test_a_tracker_that_hangs_is_left_behind() -> None:
    for_ever = threading.Event()
    _, problem = follow(Recording(waits=for_ever), patience=0.05)
    for_ever.set()
    assert problem is not None
    assert "within" in problem.message


def test_a_tracker_that_cannot_be_made_is_told() -> None:
    def make() -> Recording:
        raise ImportError("no module")

    following = Following("test", make)
    following.begin(JOB)
    following.end(END)
    problem = following.problem()
    assert problem is not None
    assert "no module" in problem.message


CONFIG: dict[str, Any] = {
    "name": "people",
    "data": {"train": "table.csv", "test": 0.3, "target": "label"},
    "model": {"layers": [{"Dense": {"units": 1, "activation": "sigmoid"}}]},
    "fit": {"epochs": 2},
    "report": False,
    "tracking": {"jsonl": "events.jsonl"},
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{20 + i},{'no' if i % 2 else 'yes'}\n" for i in range(20))
    (tmp_path / "table.csv").write_text(f"age,label\n{rows}")
    return tmp_path


def events(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def test_a_training_its_resumption_and_trackers_that_fail(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notices: list[Problem] = []

    def listen(event: Event) -> None:
        if isinstance(event, Notice) and event.problem.rule == "not-tracked":
            notices.append(event.problem)

    run = dlcli.train(CONFIG, run_dir="run", listener=listen)
    assert [each["event"] for each in events(run.path)] == ["begin", "epoch", "epoch", "end"]
    first, _, last, end = events(run.path)
    assert first["parameters"]["fit.epochs"] == 2
    assert last["metrics"]["loss"] == run.history["loss"][-1]
    assert end["metrics"]["test.loss"] == run.metrics("test")["loss"]
    assert run.record["directions"]["loss"] == "min"
    assert "directions" in run.record
    from dlcli.runs.contents import foreign_files
    from dlcli.runs.layout import RunDirectory

    assert foreign_files(RunDirectory(run.path)) == []

    dlcli.train(resume=run, overrides={"fit.epochs": 3}, listener=listen)
    told = [(each["event"], each.get("epoch")) for each in events(run.path)]
    assert told[-3:] == [("resume", None), ("epoch", 3), ("end", None)]
    assert not notices

    monkeypatch.setattr(tracking, "MlflowTracker", lambda **_: Recording(fails="epoch"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: True)
    address = {"tracking": {"mlflow": {"tracking_uri": "http://127.0.0.1:9"}}, "fit.epochs": 4}
    dlcli.train(resume=run, overrides=address, listener=listen)
    assert [problem.path for problem in notices] == ["tracking.mlflow.tracking_uri"]
    dlcli.train(resume=run, overrides={**address, "fit.epochs": 5}, allow_code=True, listener=listen)
    assert [problem.path for problem in notices] == ["tracking.mlflow.tracking_uri", "tracking.mlflow"]
    assert (dlcli.Run("run").status, dlcli.Run("run").epochs) == ("completed", 5)


@pytest.mark.parametrize("name", ["../events.jsonl", "/tmp/events.jsonl", "run.json", "checkpoints/x", "."])
def test_a_file_of_events_stays_in_the_run(here: Path, name: str) -> None:
    with pytest.raises(dlcli.ConfigError) as caught:
        dlcli.check({**CONFIG, "tracking": {"jsonl": name}}, fast=True)
    assert [problem.rule for problem in caught.value.problems] == ["outside-run"]


def test_mlflow_that_is_not_installed_is_told_by_check(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "mlflow" else find(name, *more)
    )
    with pytest.raises(dlcli.ConfigError, match="MLflow is not installed"):
        dlcli.check({**CONFIG, "tracking": {"mlflow": None}}, fast=True)


def test_a_config_with_trackers_is_written_as_it_is_read() -> None:
    for section in ({"mlflow": None}, {"jsonl": "a.jsonl"}, {"mlflow": {"tags": {"a": "b"}}, "jsonl": "x"}):
        config = Config.model_validate({**CONFIG, "tracking": section})
        assert Config.model_validate(config.notation()).tracking == config.tracking
    assert "tracking" not in Config.model_validate({**CONFIG, "tracking": None}).notation()


def test_mlflow_gets_parameters_metrics_and_files(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    from dlcli.training.tracking.mlflow import MlflowTracker

    file = tmp_path / "config.yaml"
    file.write_text("name: iris\n")
    settings: dict[str, Any] = {"experiment": "e", "run_name": None, "tags": {"a": "b"}, "artifacts": True}
    tracker = MlflowTracker(tracking_uri=f"sqlite:///{tmp_path}/m.db", **settings)
    known = tracker.begin(JOB)
    tracker.epoch(EPOCH)
    tracker.end(TrackedEnd("completed", 0.0, {"test.loss": 0.5}, [file, tmp_path / "absent"]))
    again = MlflowTracker(tracking_uri=f"sqlite:///{tmp_path}/m.db", **settings)
    assert again.begin(TrackedJob(Path("run"), "run", "iris", {}, {}, known, 1)) == known
