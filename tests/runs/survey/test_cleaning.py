"""Runs that are cleared away: those that are meant, whole, and none that runs or holds what is not its own."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from dlcli.errors import RunError
from dlcli.runs.holder import RunLock
from dlcli.runs.survey.cleaning import Wanted, clean_runs, find_removals, parse_age
from tests.runs.survey.conftest import MakeRun


def removed(wanted: Wanted) -> list[str]:
    """What goes: as it was announced."""
    announced = find_removals(("runs",), wanted)
    there = sorted(str(path) for path in Path("runs").iterdir())
    assert not announced.removed
    done = clean_runs(chosen=announced)
    assert done.removals == announced.removals
    left = {str(path) for path in Path("runs").iterdir()}
    gone = [removal.path for removal in done.removals]
    if not wanted.checkpoints:
        assert sorted({*there} - left) == sorted(gone)
    return sorted(path.removeprefix("runs/") for path in gone)


@pytest.fixture
def several(make_run: MakeRun) -> None:
    """Four runs of different ends, ages and accuracies, in alphabetical order of both."""
    make_run("runs/a", 0.6, finished="2020-01-01T00:00:00+00:00", started="2020-01-01T00:00:00+00:00")
    make_run("runs/b", 0.7, finished="2999-01-01T00:00:00+00:00", started="2021-01-01T00:00:00+00:00")
    make_run("runs/c", None, status="failed", error="x", started="2022-01-01T00:00:00+00:00")
    make_run("runs/d", None, status="interrupted", started="2023-01-01T00:00:00+00:00")


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("wanted", "gone"),
    [
        (Wanted(status=["failed", "interrupted"]), "cd"),
        (Wanted(keep=1, by="accuracy"), "acd"),
        (Wanted(keep=1, by="accuracy", status=["completed"]), "a"),
        (Wanted(keep=2), "ab"),
        (Wanted(keep=0), "abcd"),
        (Wanted(older_than=1000), "a"),
        (Wanted(where=["accuracy<0.65"]), "a"),
        (Wanted(status=["killed"]), ""),
        (Wanted(keep=9), ""),
    ],
)
def test_those_that_are_meant(wanted: Wanted, gone: str) -> None:
    assert removed(wanted) == list(gone)


@pytest.mark.usefixtures("several")
def test_what_has_no_such_value_is_not_the_worst(make_run: MakeRun) -> None:
    """A regression beside classifications, or a sweep."""
    make_run("runs/regression", None, metrics={"test": {"mae": 0.1}})
    wanted = Wanted(keep=1, by="accuracy")
    assert removed(wanted) == ["a", "c", "d"]  # those that did not end have none for that reason
    (spared,) = find_removals(("runs",), wanted).spared
    assert "runs/regression stays: it has no test.accuracy" in spared.message
    assert "regression" in removed(Wanted(keep=0))


@pytest.mark.usefixtures("several")
def test_without_a_word_of_which_nothing_goes() -> None:
    with pytest.raises(RunError, match="say which"):
        find_removals(("runs",), Wanted())


def test_a_killed_run_may_go_and_a_running_one_not(make_run: MakeRun) -> None:
    make_run("runs/killed", status="running")
    held = make_run("runs/held", status="running")
    being_evaluated = make_run("runs/written")
    locks = [RunLock(held / ".lock"), RunLock(being_evaluated / ".lock")]
    assert all(lock.take() for lock in locks)
    try:
        assert removed(Wanted(keep=0)) == ["killed"]
        assert len(find_removals(("runs",), Wanted(keep=0)).spared) == 2
    finally:
        for lock in locks:
            lock.release(remove=True)


def test_one_that_begins_to_run_after_it_was_shown_stays(make_run: MakeRun) -> None:
    run = make_run("runs/a")
    announced = find_removals(("runs",), Wanted(keep=0))
    lock = RunLock(run / ".lock")
    assert lock.take()
    try:
        done = clean_runs(chosen=announced)
    finally:
        lock.release(remove=True)
    assert (done.removals, len(done.spared)) == ((), 1)
    assert (run / "run.json").is_file()


def test_what_is_not_of_the_run_keeps_it(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("runs/noted")
    (run / "notes.txt").write_text("mine")
    linked = make_run("runs/linked")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("mine")
    (linked / "data").symlink_to(tmp_path / "precious")
    (make_run("runs/theirs") / "run.json").write_text(json.dumps({"format": 1, "status": "completed"}))
    assert removed(Wanted(keep=0)) == []
    assert "notes.txt" in find_removals(("runs",), Wanted(keep=0)).spared[1].message
    assert (tmp_path / "precious" / "file").is_file()


def test_links_to_runs_and_damaged_ones_stay(make_run: MakeRun, tmp_path: Path) -> None:
    kept = make_run("kept/a")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a").symlink_to(kept)
    (make_run("runs/damaged") / "run.json").write_text("{")
    (tmp_path / "runs" / "empty").mkdir()
    assert removed(Wanted(keep=0)) == []
    assert clean_runs(("runs/a",), Wanted(keep=0)).removals == ()
    assert sorted(os.listdir("runs")) == ["a", "damaged", "empty"]
    assert (kept / "run.json").is_file()


def test_the_directory_that_one_works_in_stays(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run("runs/a")
    monkeypatch.chdir(run)
    done = clean_runs((str(run.parent),), Wanted(keep=0))
    assert (done.removals, len(done.spared)) == ((), 1)


def test_a_removal_that_is_killed_leaves_nothing_that_looks_like_a_run(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run("runs/a")
    make_run("runs/b")

    def killed(path: str, *_: object) -> None:
        os.unlink(os.path.join(path, "config.yaml"))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            clean_runs(("runs",), Wanted(where=["run=runs/a"]))
    from dlcli.runs.survey.listing import list_runs

    listed = list_runs()
    assert [entry.path for entry in listed.runs] == ["runs/b"]
    assert not listed.problems
    done = clean_runs(("runs",), Wanted(status=["failed"]))
    assert [removal.left_over for removal in done.removals] == [True]
    assert os.listdir("runs") == ["b"]


def test_only_checkpoints_and_only_of_those_that_are_complete(make_run: MakeRun) -> None:
    make_run("runs/a")
    make_run("runs/b", None, status="interrupted")
    make_run("runs/cv", kind="cross_validation", members=["fold-1"])
    make_run("runs/cv/fold-1")
    assert removed(Wanted(checkpoints=True)) == ["a", "cv", "cv/fold-1"]
    assert os.listdir("runs/a/checkpoints") == []
    assert os.listdir("runs/b/checkpoints") == ["epoch-000003"]
    assert removed(Wanted(checkpoints=True)) == []
    assert removed(Wanted(checkpoints=True, status=["interrupted"])) == ["b"]


def test_a_folder_of_several_goes_whole_or_not_at_all(make_run: MakeRun) -> None:
    make_run("runs/cv", 0.5, kind="cross_validation", members=["fold-1", "fold-2"])
    run = make_run("runs/cv/fold-1", 0.9)
    lock = RunLock(run / ".lock")
    assert lock.take()
    assert removed(Wanted(keep=0)) == []
    lock.release(remove=True)
    assert clean_runs(("runs/cv",), Wanted(where=["accuracy>0.8"])).removals == ()
    assert removed(Wanted(keep=0)) == ["cv"]


@pytest.mark.parametrize(
    ("text", "days"), [("30d", 30), ("30", 30), ("12h", 0.5), ("1 week", 7), ("90 minutes", 0.0625)]
)
def test_ages(text: str, days: float) -> None:
    assert parse_age(text) == pytest.approx(days)


@pytest.mark.parametrize("text", ["", "d", "-3d", "3y", "1e3", "nan"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(ValueError):
        parse_age(text)
