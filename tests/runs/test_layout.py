"""The run directory: claimed once, written whole, and refused when it is not what it should be."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from dlcli.errors import RunError
from dlcli.runs.history import HistoryFile, read_history
from dlcli.runs.layout import FORMAT, RunDirectory, write_atomically, write_json


def a_run(path: Path, **record: object) -> RunDirectory:
    run = RunDirectory(path)
    run.evaluations.mkdir(parents=True)
    write_json(run.record, {"format": FORMAT, "status": "completed", **record})
    for file in (run.config, run.preprocessing, run.model):
        file.write_text("{}")
    return run


def test_a_complete_run_opens(tmp_path: Path) -> None:
    a_run(tmp_path / "run")
    assert RunDirectory.open(tmp_path / "run").read_json(tmp_path / "run" / "run.json")["status"] == "completed"


def test_what_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "iris-001").mkdir()
    (tmp_path / "file").write_text("")
    for path, says in [
        (tmp_path / "iris-01", "no run directory"),
        (tmp_path / "iris-001", "not a run directory"),
        (tmp_path / "file", "is a file"),
    ]:
        with pytest.raises(RunError, match=says):
            RunDirectory.open(path)


def test_a_near_name_is_suggested(tmp_path: Path) -> None:
    a_run(tmp_path / "iris-001")
    with pytest.raises(RunError, match="did you mean 'iris-001'"):
        RunDirectory.open(tmp_path / "iris-01")


def test_a_newer_run_is_refused(tmp_path: Path) -> None:
    a_run(tmp_path / "run", format=FORMAT + 1, versions={"dlcli": "9.0"})
    with pytest.raises(RunError, match=r"newer dlcli \(9\.0"):
        RunDirectory.open(tmp_path / "run")


@pytest.mark.parametrize("missing", ["model.keras", "config.yaml", "preprocessing.json"])
def test_an_incomplete_run_is_refused(tmp_path: Path, missing: str) -> None:
    a_run(tmp_path / "run", status="running")
    (tmp_path / "run" / missing).unlink()
    with pytest.raises(RunError, match=f"{missing} missing"):
        RunDirectory.open(tmp_path / "run")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"x"', "\x00", '{"format": "one"}', "{}"])
def test_a_damaged_record_is_refused(tmp_path: Path, content: str) -> None:
    run = a_run(tmp_path / "run")
    run.record.write_text(content)
    with pytest.raises(RunError):
        RunDirectory.open(run.path)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "run.json"
    write_atomically(target, "old")
    with pytest.raises(RunError):
        write_atomically(tmp_path / "gone" / "run.json", "new")
    assert target.read_text() == "old"
    write_atomically(target, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_json_holds_no_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"loss": math.nan, "deep": [math.inf, 1.5]})
    assert json.loads((tmp_path / "x.json").read_text()) == {"loss": None, "deep": [None, 1.5]}


def test_the_history_grows_by_a_row_an_epoch(tmp_path: Path) -> None:
    history = HistoryFile(tmp_path / "history.csv")
    history.append(epoch=1, seconds=0.5, rows_per_second=100.0, logs={"loss": 0.1})
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 2
    # Validation every second epoch: the column comes late, and the first row has no value for it.
    history.append(epoch=2, seconds=0.5, rows_per_second=100.0, logs={"loss": 1 / 3, "val_loss": 0.2})
    history.append(epoch=3, seconds=0.5, rows_per_second=100.0, logs={"loss": 0.05})
    rows = read_history(tmp_path / "history.csv")
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[1]["loss"] == 1 / 3
    assert [row.get("val_loss") for row in rows] == [None, 0.2, None]
    assert (tmp_path / "history.csv").read_text().splitlines()[0] == "epoch,seconds,rows_per_second,loss,val_loss"


@pytest.mark.skipif(sys.platform == "win32", reason="the size of files cannot be limited")
@pytest.mark.parametrize("room", [0, 1, 7])
def test_a_row_that_fits_in_part_alone_is_left_out_until_there_is_room(tmp_path: Path, room: int) -> None:
    import resource

    history, file = HistoryFile(tmp_path / "history.csv"), tmp_path / "history.csv"
    history.append(epoch=1, seconds=0.5, rows_per_second=100.0, logs={"loss": 0.125})
    before, limits = file.read_text(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, limits[1]))
    try:
        for epoch in (2, 3):
            with pytest.raises(RunError, match="cannot write"):
                history.append(epoch=epoch, seconds=0.5, rows_per_second=100.0, logs={"loss": 1 / epoch})
            assert file.read_text() == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    history.flush()
    assert [row["loss"] for row in read_history(file)] == [0.125, 1 / 2, 1 / 3]
