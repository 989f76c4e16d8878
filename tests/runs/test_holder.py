"""Who writes a run is told to the second who comes, and a run whose process was killed does not go on for ever."""

from __future__ import annotations

import errno
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.errors import RunError
from dlcli.files import locks
from dlcli.runs.claiming import choose, claim, exclusive
from dlcli.runs.holder import Holder, RunLock, find_holder
from dlcli.runs.layout import FORMAT, RunDirectory, write_json
from dlcli.runs.run import Run

WRITER = """
import sys
from pathlib import Path
from dlcli.runs.claiming import claim
from dlcli.runs.history import HistoryFile
from dlcli.runs.layout import RunDirectory
from dlcli.runs.record import RunRecord

with claim(RunDirectory(Path(sys.argv[1])), numbered=False, overwrite=False) as claimed:
    record = RunRecord(claimed.run, facts={"versions": {"dlcli": "0.1.0"}}, started=0.0)
    record.begin()
    history = HistoryFile(claimed.run.history)
    for epoch in range(1, 4):
        history.append(epoch=epoch, seconds=0.1, rows_per_second=1.0, logs={"loss": 1 / epoch})
    print("writing", flush=True)
    sys.stdin.read()
    record.finish("completed", epochs=3)
"""


class Writer:
    """A process that writes a run of three epochs, until it is told to end or killed."""

    def __init__(self, run: Path) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", WRITER, run], stdin=-1, stdout=-1)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"writing\n"

    def end(self, *, kill: bool) -> None:
        """End it."""
        if kill:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    one = Writer(tmp_path / "run")
    yield one
    one.end(kill=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_second_is_told_who_holds_it(tmp_path: Path, writer: Writer, overwrite: bool) -> None:
    run = RunDirectory(tmp_path / "run")
    ways: list[Any] = [
        lambda: choose("it", run.path, overwrite=overwrite),
        lambda: claim(run, numbered=False, overwrite=overwrite).__enter__(),
        lambda: exclusive(run).__enter__(),
    ]
    for way in ways:
        with pytest.raises(RunError) as error:
            way()
        (problem,) = error.value.problems
        assert problem.rule == "run-busy"
        assert f"process {writer.process.pid} on {platform.node()}, since 20" in problem.message
    writer.end(kill=False)
    assert find_holder(run.lock) is None
    assert Run(run.path).status == "completed"


def test_a_killed_run_has_failed(tmp_path: Path, writer: Writer) -> None:
    run = Run(tmp_path / "run")
    assert run.status == "running"
    writer.end(kill=True)
    assert (tmp_path / "run" / ".lock").exists()
    before = (tmp_path / "run" / "run.json").read_bytes()
    assert (run.status, run.epochs) == ("failed", 3)
    assert "killed" in run.record["error"]
    assert str(run.seconds) == "nan"
    with pytest.raises(RunError, match="'failed': it ended without a word"):
        RunDirectory.open(run.path)
    assert (tmp_path / "run" / "run.json").read_bytes() == before
    with claim(RunDirectory(run.path), numbered=False, overwrite=True):
        pass


@pytest.mark.parametrize("history", [None, "", "epoch,loss\n1,0.5\n", "epoch,loss\n1,x\n"], ids=repr)
@pytest.mark.parametrize("lock", [None, "", "{}", '{"process": 1, "host": "elsewhere"}'], ids=repr)
def test_what_nobody_holds_has_failed(tmp_path: Path, history: str | None, lock: str | None) -> None:
    write_json(tmp_path / "run.json", {"format": FORMAT, "status": "running", "epochs": 0})
    for name, text in (("history.csv", history), (".lock", lock)):
        if text is not None:
            (tmp_path / name).write_text(text)
    names = sorted(path.name for path in tmp_path.iterdir())
    run = Run(tmp_path)
    assert (run.status, run.epochs) == ("failed", 1 if history and "0.5" in history else 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == names


@pytest.mark.parametrize("status", ["completed", "interrupted", "failed"])
def test_what_has_ended_stays_what_it_is(tmp_path: Path, status: str) -> None:
    write_json(tmp_path / "run.json", {"format": FORMAT, "status": status, "epochs": 7})
    assert (Run(tmp_path).status, Run(tmp_path).epochs) == (status, 7)


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks."""

    def unable(*_: object, **__: object) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locks, "_lock", unable)


@pytest.mark.usefixtures("no_locks")
def test_without_locks_the_signature_keeps_others_out(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    with claim(run, numbered=False, overwrite=False) as claimed:
        write_json(claimed.run.record, {"format": FORMAT, "status": "running", "versions": {"dlcli": "0.1.0"}})
        assert Run(run.path).status == "running"
        for overwrite in (False, True):
            with pytest.raises(RunError, match=f"process {os.getpid()}"):
                choose("it", run.path, overwrite=overwrite)
        with pytest.raises(RunError, match=f"process {os.getpid()}"), exclusive(run):
            pass
    assert not run.lock.exists()
    assert Run(run.path).status == "failed"
    with exclusive(run):
        assert find_holder(run.lock) is not None


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_stale_signature_is_recognised(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    lock = tmp_path / ".lock"
    for host, process, held in (
        (platform.node(), ended.pid, False),
        (platform.node(), os.getppid(), True),
        ("elsewhere", ended.pid, True),
    ):
        lock.write_text(json.dumps({"host": host, "process": process, "since": "2026-01-31T10:00:00+00:00"}))
        found = find_holder(lock)
        assert (found is not None) == held
        mine = RunLock(lock)
        assert mine.take() != held
        mine.release(remove=True)
        if held:
            with pytest.raises(RunError) as error, exclusive(RunDirectory(tmp_path)):
                pass
            assert (f"remove {lock}" in error.value.problems[0].hint) == (host == "elsewhere")


@given(content=st.binary(max_size=200) | st.from_regex(r"\{.*\}").map(str.encode))
def test_any_signature_is_read(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    lock = tmp_path_factory.mktemp("lock") / ".lock"
    lock.write_bytes(content)
    assert find_holder(lock) is None
    mine = RunLock(lock)
    assert mine.take()
    holder = find_holder(lock)
    assert holder is not None
    assert holder.process == os.getpid()
    mine.release(remove=True)
    assert not lock.exists()


@pytest.mark.parametrize(
    "value",
    [{"host": "\x1b[31mred"}, {"process": True}, {"process": -1}, {"process": 2**70}, [], {"since": {}}],
    ids=str,
)
def test_a_signature_is_shown_as_far_as_it_is_one(tmp_path: Path, value: object) -> None:
    lock = tmp_path / ".lock"
    mine = RunLock(lock)
    assert mine.take()
    lock.write_text(json.dumps(value))
    holder = find_holder(lock)
    assert holder is not None
    assert str(holder).isprintable()
    assert holder.process is None
    mine.release(remove=True)


def test_a_lock_that_is_a_link_or_a_pipe_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "real").write_text('{"process": 1}')
    (tmp_path / ".lock").symlink_to(tmp_path / "real")
    assert find_holder(tmp_path / ".lock") is None
    os.mkfifo(tmp_path / "pipe")
    assert find_holder(tmp_path / "pipe") is None
    assert str(Holder()) == "a process"
