"""What is waited for before a power cut may come: each file that is asked for, once it is complete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlcli.files.replacing import write_file
from dlcli.files.syncing import Sync, sync_together
from dlcli.runs.commits import ARRAYS, COMMIT_FILES, HISTORY, STATE, Commits
from dlcli.runs.layout import RunDirectory
from dlcli.runs.record import RunRecord


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes that were waited for."""
    found: list[int] = []
    wait = os.fsync

    def noted(descriptor: int) -> None:
        wait(descriptor)
        found.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", noted)
    return found


def inodes(*paths: Path) -> set[int]:
    return {path.stat().st_ino for path in paths}


def test_all_are_waited_for_and_what_is_no_file_is_left_out(tmp_path: Path, waited: list[int]) -> None:
    files = [tmp_path / f"{number}" for number in range(20)]
    for file in files:
        file.write_text("x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(files[0])
    sync_together([*files, tmp_path, tmp_path / "pipe", tmp_path / "link", tmp_path / "none"])
    assert sorted(waited) == sorted(inodes(*files, tmp_path))


def test_a_process_that_is_forked_waits_by_threads_of_its_own(tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "other"]
    for file in files:
        file.write_text("x")
    program = f"""
import os
from pathlib import Path
from dlcli.files.syncing import sync_together
files = [Path(each) for each in {[str(each) for each in files]}]
sync_together(files)
child = os.fork()
sync_together(files)
if child == 0:
    os._exit(7)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60, check=False).returncode == 7


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    (tmp_path / "x").write_text("x")
    with pytest.raises(OSError, match="Input/output"):
        sync_together([tmp_path / "x"])


def test_what_takes_the_place_of_another_is_waited_for_at_once(tmp_path: Path, waited: list[int]) -> None:
    file = tmp_path / "run.json"
    write_file(file, "new", sync=Sync.SOON)
    assert waited == []
    write_file(file, "newer", sync=Sync.SOON)
    assert waited == [file.stat().st_ino, tmp_path.stat().st_ino]
    write_file(file, "newest", sync=Sync.NEVER)
    assert len(waited) == 2


def test_a_commit_waits_for_what_a_run_that_goes_on_needs(tmp_path: Path, waited: list[int]) -> None:
    run = RunDirectory(tmp_path)
    for file in (run.config, run.preprocessing):
        write_file(file, "x", sync=Sync.SOON)
    Commits(run.checkpoints).write(3, {name: [b"1"] for name in (ARRAYS, STATE, HISTORY)}, keep=1)
    commit = run.checkpoints / "epoch-000003"
    parts = [commit / name for name in COMMIT_FILES]
    assert set(waited) == inodes(run.config, run.preprocessing, tmp_path, *parts, commit, run.checkpoints)
    assert (commit / ARRAYS).read_bytes() == b"1"


def test_a_run_is_complete_when_all_of_it_is_on_the_disk(tmp_path: Path, waited: list[int]) -> None:
    run = RunDirectory(tmp_path)
    record = RunRecord(run, facts={}, started=0)
    record.begin(sync=Sync.SOON)
    assert waited == []
    for folder in (run.code, run.evaluations):
        folder.mkdir()
    parts = [
        run.config,
        run.preprocessing,
        run.history,
        run.portable,
        run.code / "own.py",
        run.evaluations / "test.json",
    ]
    for part in parts:
        write_file(part, "x", sync=Sync.SOON)
    record.finish("completed")
    assert inodes(*parts, run.code, run.evaluations, tmp_path) < set(waited)
    assert waited[-2:] == [run.record.stat().st_ino, tmp_path.stat().st_ino]
