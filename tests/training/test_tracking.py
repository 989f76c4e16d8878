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


def test_what_several_trackers_give_back_is_kept_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlcli.config.schema.tracking import TrackingConfig
    from dlcli.runs.layout import RunDirectory

    monkeypatch.setattr(tracking, "MlflowTracker", lambda **_: Recording())
    for number in range(20):
        run = RunDirectory(tmp_path / str(number))
        run.path.mkdir()
        run.record.write_text("{}")
        both = TrackingConfig.model_validate({"mlflow": None, "jsonl": "events.jsonl"})
        follows = tracking.Tracking(both, run, listener=print)
        follows.begin({}, {}, resumed=False, epochs=0)
        follows.end("completed", {})
        assert run.read_json(run.tracking).keys() == {"jsonl", "mlflow"}


class Remembering(Recording):
    """A tracker with an id for each run, as a server gives them."""

    told_of: dict[str, str]

    def __init__(self, told_of: dict[str, str]) -> None:
        super().__init__()
        self.told_of = told_of

    def begin(self, job: TrackedJob) -> Mapping[str, Any]:
        self.told_of[job.name] = str(job.folder().get("id", ""))
        return {"id": job.name}


SEVERAL: dict[str, Any] = {
    **CONFIG,
    "data": {"train": "table.csv", "target": "label"},
    "fit": {"epochs": 1},
    "checkpoint": False,
    "tracking": {"mlflow": {"tracking_uri": "http://127.0.0.1:9"}, "jsonl": "events.jsonl"},
}


@pytest.fixture
def told_of(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The runs that a server is told of, each with that of the folder that it is in."""
    told: dict[str, str] = {}
    find = importlib.util.find_spec
    monkeypatch.setattr(tracking, "MlflowTracker", lambda **_: Remembering(told))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: True if name == "mlflow" else find(name, *_))
    return told


def test_a_sweep_its_trials_and_their_folds_are_one_under_the_other(here: Path, told_of: dict[str, str]) -> None:
    sweep = {"folds": 2, "trials": 1, "space": {"data.batch_size": [4, 5]}}
    outcome = dlcli.sweep({**SEVERAL, "sweep": sweep}, run_dir="s")
    assert told_of == {
        "s": "",
        "s/trial-0001": "s",
        "s/trial-0001/fold-1": "s/trial-0001",
        "s/trial-0001/fold-2": "s/trial-0001",
    }
    (trial,) = outcome.trials
    ((begin, end), folds) = events(outcome.path), [events(outcome.path / f"trial-0001/fold-{n}") for n in (1, 2)]
    assert (begin["event"], begin["run"]) == ("begin", "s")
    assert end["metrics"] == {"best.val_loss": trial.result.value}
    assert [[each["event"] for each in fold] for fold in folds] == [["begin", "epoch", "end"]] * 2
    from dlcli.runs.contents import foreign_files
    from dlcli.runs.layout import RunDirectory

    assert foreign_files(RunDirectory(outcome.path)) == []


def test_a_folder_that_goes_on_tells_nobody_at_its_own_address_but_by_leave(
    here: Path, told_of: dict[str, str]
) -> None:
    def stop(event: Event) -> None:
        if type(event).__name__ == "Stage" and event.name == "fold-1, epoch 1":  # type: ignore[union-attr]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dlcli.cross_validate(SEVERAL, folds=2, run_dir="cv", listener=stop)
    assert told_of == {"cv": "", "cv/fold-1": "cv"}
    told_of.clear()
    notices: list[Problem] = []
    dlcli.cross_validate(
        resume="cv", listener=lambda event: notices.append(event.problem) if isinstance(event, Notice) else None
    )
    assert told_of == {}
    assert [each.rule for each in notices].count("not-tracked") == 1
    assert [each["event"] for each in events(here / "cv")] == ["begin", "end", "resume", "end"]


def test_mlflow_shows_a_member_under_its_folder(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    from dlcli.training.tracking.mlflow import MlflowTracker

    settings: dict[str, Any] = {"experiment": "e", "run_name": None, "tags": {}, "artifacts": False}
    address = f"sqlite:///{tmp_path}/m.db"
    folder = MlflowTracker(tracking_uri=address, **settings)
    whole = folder.begin(JOB)
    member = MlflowTracker(tracking_uri=address, **settings)
    known = member.begin(TrackedJob(Path("run/fold-1"), "run/fold-1", "iris", {}, {}, folder=lambda: whole))
    from mlflow import MlflowClient

    tags = MlflowClient(tracking_uri=address).get_run(known["run_id"]).data.tags
    assert tags["mlflow.parentRunId"] == whole["run_id"]


def test_tensorboard_has_the_values_of_trials(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.plugins.hparams import plugin_data_pb2

    from dlcli.training.tracking.hparams import write_hparams

    values = {"rate": 0.1, "units": 3, "layers": ["Flatten"], "bias": None, "on": True}
    write_hparams(tmp_path / "t", values, trial="trial-0001", metric="val_loss", value=0.5, epoch=4)
    (file,) = (tmp_path / "t").iterdir()
    found = {
        value.tag: (event.step, value) for event in EventFileLoader(str(file)).Load() for value in event.summary.value
    }
    content = found["_hparams_/session_start_info"][1].metadata.plugin_data.content
    info = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    assert info.group_name == "trial-0001"
    assert info.hparams["units"].number_value == 3
    assert info.hparams["layers"].string_value == "[Flatten]"
    step, value = found["val_loss"]
    assert (step, value.tensor.float_val[0] if value.HasField("tensor") else value.simple_value) == (4, 0.5)
