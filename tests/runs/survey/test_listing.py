"""Runs in folders: found at any depth, sorted by what is meant, and what is damaged is named."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from dlcli.errors import RunError
from dlcli.runs.holder import RunLock
from dlcli.runs.layout import FORMAT
from dlcli.runs.survey import entries
from dlcli.runs.survey.directions import direction_in
from dlcli.runs.survey.listing import list_runs
from tests.runs.survey.conftest import MakeRun


def paths(*folders: str, **asked: object) -> list[str]:
    return [entry.path for entry in list_runs(folders or ("runs",), **asked).runs]  # type: ignore[arg-type]


def test_the_formats_are_the_same() -> None:
    assert entries.FORMAT == FORMAT


def test_runs_at_any_depth_the_newest_first(make_run: MakeRun) -> None:
    make_run("runs/a", started="2026-11-01T10:00:00+00:00")
    make_run("runs/deep/er/b", started="2026-11-03T10:00:00+00:00")
    make_run("runs/.hidden/c")
    make_run("other/d", started="2026-11-02T10:00:00+00:00")
    assert paths() == ["runs/deep/er/b", "runs/a"]
    assert paths("runs", "other", "runs/deep") == ["runs/deep/er/b", "other/d", "runs/a"]
    assert paths("runs/a") == ["runs/a"]
    assert paths(".") == ["runs/deep/er/b", "other/d", "runs/a"]


def test_links_are_not_followed_but_a_folder_may_be_named_by_one(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("kept/a")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "loop").symlink_to(tmp_path)
    (tmp_path / "runs" / "a").symlink_to(tmp_path / "kept" / "a")
    assert paths() == []
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    assert paths("link") == ["link/a"]
    assert paths("link", "kept") == ["link/a"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("accuracy", "bca"),
        ("test.accuracy", "bca"),
        ("loss", "bca"),
        ("accuracy:min", "acb"),
        ("val_loss", "abc"),  # its best epoch
        ("last.val_loss", "cba"),
        ("seconds", "acb"),
        ("name", "cba"),
        ("rows.train", "cab"),
        ("fit.epochs", "bac"),
        ("compile.optimizer.Adam.learning_rate", "cba"),
        ("model.layers[0].Dense.units", "cab"),
    ],
)
def test_sorted_by_whatever_a_run_has(make_run: MakeRun, sort: str, order: str) -> None:
    def config(units: int, epochs: int, rate: float) -> dict[str, object]:
        layers = [{"Dense": {"units": units}}]
        adam = {"Adam": {"learning_rate": rate}}
        return {"fit": {"epochs": epochs}, "compile": {"optimizer": adam}, "model": {"layers": layers}}

    make_run("runs/a", 0.6, losses=[0.1, 0.9], config=config(8, 5, 0.3), seconds=1.0, name="z", rows={"train": 7})
    make_run("runs/b", 0.9, losses=[0.2, 0.8], config=config(9, 4, 0.2), seconds=3.0, name="y", rows={"train": 9})
    make_run("runs/c", 0.8, losses=[0.3, 0.7], config=config(7, 6, 0.1), seconds=2.0, name="x", rows={"train": 5})
    assert "".join(path[-1] for path in paths(sort=sort)) == order


def test_what_a_run_has_not_comes_last(make_run: MakeRun) -> None:
    make_run("runs/a", None, status="interrupted")
    make_run("runs/b", 0.2)
    make_run("runs/c", metrics={"test": {"accuracy": None}})  # NaN, in JSON
    assert paths(sort="accuracy")[0] == "runs/b"
    assert len(paths(sort="accuracy")) == 3


def test_what_an_interrupted_run_was_evaluated_to_later_counts(make_run: MakeRun) -> None:
    run = make_run("runs/a", None, status="interrupted")
    make_run("runs/b", 0.2)
    (run / "evaluations").mkdir()
    (run / "evaluations" / "test.json").write_text(json.dumps({"metrics": {"accuracy": 0.7}}))
    assert paths(sort="accuracy") == ["runs/a", "runs/b"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("accuracy>=0.7", "ab"),
        ("test.accuracy < 0.7", "c"),
        ("status=failed", "c"),
        ("status!=completed", "c"),
        ("name=ir*", "ab"),
        ("name!=iris", "c"),
        ("fit.epochs=3", "abc"),
        ("seed>1", "b"),
        ("started>2026-11-02", "b"),
        ("model.layers.1.Dropout.rate=0.1", "abc"),
        ("compile.optimizer=*Adam*", "abc"),
        ("seconds>5 ", ""),
    ],
)
def test_conditions(make_run: MakeRun, condition: str, expected: str) -> None:
    make_run("runs/a", 0.7, seed=1)
    make_run("runs/b", 0.8, seed=2, started="2026-11-03T10:00:00+00:00")
    make_run("runs/c", 0.1, status="failed", name="wine")
    assert sorted(path[-1] for path in paths(where=[condition])) == list(expected)


def test_all_conditions_hold_and_all_faults_are_told(make_run: MakeRun) -> None:
    make_run("runs/a", 0.7)
    make_run("runs/b", 0.8)
    assert paths(where=["accuracy>0.6", "accuracy<0.75"]) == ["runs/a"]
    with pytest.raises(RunError) as caught:
        list_runs(where=["accurracy>1", "nonsense"])
    assert [problem.message for problem in caught.value.problems] == [
        "none of the runs has 'accurracy'",
        "'nonsense' is no condition",
    ]
    assert "accuracy" in caught.value.problems[0].hint


@pytest.mark.parametrize(
    ("name", "records", "expected"),
    [
        ("test.accuracy", [], "max"),
        ("val_loss", [], "min"),
        ("auc_2", [], "max"),
        ("price_mean_absolute_error", [], "min"),
        ("price_mae", [], "min"),
        ("house", [], None),
        ("test.house", [{"directions": {"house": "max"}}], "max"),
        ("last.val_accuracy", [{"directions": {"accuracy": "min"}}, {}], "min"),
        ("house", [{"directions": {"house": "max"}}, {"directions": {"house": "min"}}], None),
    ],
)
def test_which_way_is_better(name: str, records: list[dict[str, object]], expected: str | None) -> None:
    assert direction_in(name, records) == expected


def test_a_metric_of_which_nobody_knows_is_asked_for(make_run: MakeRun) -> None:
    make_run("runs/a", metrics={"test": {"house": 1.0}})
    make_run("runs/b", metrics={"test": {"house": 2.0}})
    with pytest.raises(RunError, match="more or less"):
        list_runs(sort="house")
    assert paths(sort="house:max") == ["runs/b", "runs/a"]


def test_a_killed_run_has_failed_and_one_that_is_held_is_running(make_run: MakeRun) -> None:
    killed, held = make_run("runs/killed", status="running"), make_run("runs/held", status="running")
    lock = RunLock(held / ".lock")
    assert lock.take()
    try:
        found = {entry.name: entry for entry in list_runs().runs}
        assert (found["held"].status, found["held"].killed) == ("running", False)
        assert (found["killed"].status, found["killed"].killed, found["killed"].word) == ("failed", True, "killed")
        assert paths(where=["status=killed"]) == paths(where=["status=failed"]) == ["runs/killed"]
    finally:
        lock.release(remove=True)
    assert json.loads((killed / "run.json").read_text())["status"] == "running"


def test_what_is_damaged_is_named_and_the_rest_is_listed(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("runs/good")
    damages: dict[str, str] = {
        "cut": '{"format": 1,',
        "empty": "",
        "list": "[1]",
        "nested": "[" * 100_000,
        "newer": json.dumps({"format": FORMAT + 1, "status": "completed"}),
        "status": json.dumps({"format": 1, "status": "lost"}),
        "digits": '{"format": 1, "status": "completed", "epochs": ' + "9" * 5000 + "}",
        "kind": json.dumps({"format": 1, "status": "completed", "kind": "heap", "members": []}),
        "members": json.dumps({"format": 1, "status": "completed", "kind": "sweep", "members": ["../good"]}),
    }
    for name, text in damages.items():
        (make_run(f"runs/{name}") / "run.json").write_text(text)
    (make_run("runs/gone") / "run.json").unlink()
    (make_run("runs/binary") / "run.json").write_bytes(b"\xff\xfe\x00")
    link = make_run("runs/link") / "run.json"
    link.unlink()
    link.symlink_to(tmp_path / "runs" / "good" / "run.json")
    pipe = make_run("runs/pipe") / "run.json"
    pipe.unlink()
    os.mkfifo(pipe)
    listed = list_runs()
    assert [entry.path for entry in listed.runs] == ["runs/good"]
    named = {part for problem in listed.problems for part in str(problem).split("runs/")[1].split("/")[:1]}
    named = {name.split(" ")[0].split(":")[0] for name in named}
    assert named == {*damages, "gone", "binary", "link", "pipe"}
    assert all(problem.hint for problem in listed.problems)


def test_odd_values_of_a_record_are_no_crash(make_run: MakeRun) -> None:
    odd = {"started": 5, "seconds": "long", "epochs": None, "metrics": [1], "name": {"a": 1}, "directions": 3}
    make_run("runs/odd", **odd)
    make_run("runs/odder", metrics={"test": 3, "train": {"loss": "low", "accuracy": True}}, error=["x"], data=7)
    listed = list_runs(sort="epochs")
    assert {entry.path for entry in listed.runs} == {"runs/odd", "runs/odder"}
    json.dumps(listed.document())


def test_the_run_json_of_another_program_is_no_run(make_run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "runs" / "theirs").mkdir(parents=True)
    (tmp_path / "runs" / "theirs" / "run.json").write_text('{"command": "npm start"}')
    make_run("runs/theirs/below")
    assert paths() == ["runs/theirs/below"]
    assert not list_runs().problems


def test_folders_that_are_not_there_are_all_told(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("runs/a")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError) as caught:
        list_runs(("rnus", "file"))
    assert [problem.rule for problem in caught.value.problems] == ["run-missing", "not-a-run"]
    assert "runs" in caught.value.problems[0].hint


def a_folder_of_several(make_run: MakeRun) -> None:
    names = ["fold-1", "fold-2", "fold-3"]
    make_run("runs/cv", 0.7, kind="cross_validation", members=names)
    for place, accuracy in zip(names[:2], (0.6, 0.8), strict=True):
        make_run(f"runs/cv/{place}", accuracy)
    make_run("runs/a", 0.9)


def test_folders_of_several_runs_are_one_line_that_opens(make_run: MakeRun) -> None:
    a_folder_of_several(make_run)
    assert paths(sort="accuracy") == ["runs/a", "runs/cv"]
    opened = ["runs/a", "runs/cv", "runs/cv/fold-2", "runs/cv/fold-1"]
    assert paths(sort="accuracy", members=True) == opened
    assert paths("runs/cv", sort="accuracy") == opened[1:]
    assert paths(members=True, sort="accuracy", limit=1) == ["runs/a"]
    assert paths(members=True, where=["accuracy>0.75"], sort="accuracy") == ["runs/a", "runs/cv/fold-2"]
    (folder, *below) = list_runs(("runs/cv",)).runs
    assert folder.document()["members"] == ["fold-1", "fold-2", "fold-3"]
    assert {entry.document()["member_of"] for entry in below} == {"runs/cv"}


def test_a_folder_that_cannot_be_looked_into_is_told(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("runs/a")
    closed = tmp_path / "runs" / "closed"
    closed.mkdir(mode=0o000)
    try:
        if os.access(closed, os.R_OK):
            pytest.skip("nothing is closed to this user")
        listed = list_runs()
        assert [entry.path for entry in listed.runs] == ["runs/a"]
        assert "closed" in listed.problems[0].message
    finally:
        closed.chmod(0o700)


def test_strange_names_and_sockets_are_passed_by(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("runs/caf\udce9")
    make_run("runs/two\nlines")
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.relpath(tmp_path / "runs" / "socket"))
    server.close()
    assert sorted(paths()) == ["runs/caf\udce9", "runs/two\nlines"]
