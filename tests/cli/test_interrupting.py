"""Ctrl-C and SIGTERM outside of training: exit code 75, soon, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from dlcli import api

PROGRAM = [sys.executable, "-m", "dlcli"]


def start(directory: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    (directory / "temporary").mkdir()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TMPDIR": str(directory / "temporary")}
    return subprocess.Popen([*PROGRAM, *arguments], cwd=directory, env=environment, stdin=stdin, stdout=-1, stderr=-1)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("runtime", "number"),
    [
        ("portable", signal.SIGINT),
        ("portable", signal.SIGHUP),
        pytest.param("keras", signal.SIGTERM, marks=pytest.mark.soak),
    ],
)
def test_in_the_middle_of_a_prediction(
    run_directory: Path, tmp_path: Path, runtime: str, number: signal.Signals
) -> None:
    rows = "".join(f"{row % 90}.125,{'abc'[row % 3]}\n" for row in range(100_000))
    (tmp_path / "new.csv").write_text("age,city\n" + rows * 40)
    (tmp_path / "out.csv").write_text("old")
    before = set(tmp_path.iterdir())
    with start(tmp_path, "predict", "run", "new.csv", "-o", "out.csv", "--runtime", runtime) as running:
        wait_for(lambda: any(path.stat().st_size for path in tmp_path.glob(".*.out.csv")))
        running.send_signal(number)
        _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (75, b"interrupted\n")
    assert set(tmp_path.iterdir()) == before | {tmp_path / "temporary"}
    assert (tmp_path / "out.csv").read_text() == "old"
    assert not any((tmp_path / "temporary").iterdir())


TRAINING = """
data: {train: rows.csv, target: y, batch_size: 4}
model: {layers: [{Dense: {units: 4}}, {Dropout: {rate: 0.2}}, {Dense: {units: 1}}]}
fit: {epochs: 5000}
checkpoint: {every: 1}
"""


@pytest.mark.soak
def test_a_training_says_how_it_goes_on_and_does(dlcli: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,y\n" + "".join(f"{row % 7}.5,{row % 3}.25\n" for row in range(40)))
    (tmp_path / "job.yaml").write_text(TRAINING)
    commits = tmp_path / "my run" / "checkpoints"
    with start(tmp_path, "train", "job.yaml", "--run-dir", "my run") as running:
        wait_for(lambda: any(commits.glob("epoch-*")))
        running.send_signal(signal.SIGHUP)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 75
    assert "go on with: dlcli train --resume 'my run'\n" in err.decode()
    (commit,) = commits.iterdir()
    done = int(commit.name.removeprefix("epoch-"))
    again = dlcli("train", "--resume", "my run", "--set", f"fit.epochs={done + 2}", "--json")
    assert again.returncode == 0, again.stderr
    answer = json.loads(again.stdout)
    assert (answer["status"], answer["epochs"]) == ("completed", done + 2)


def test_while_standard_input_is_kept(run_directory: Path, tmp_path: Path) -> None:
    kept = tmp_path / "temporary"
    with start(tmp_path, "predict", "run", "-", "-o", "out.csv", stdin=subprocess.PIPE) as running:
        assert running.stdin is not None
        running.stdin.write(b"age,city\n" + b"30,a\n" * 100_000)
        running.stdin.flush()
        wait_for(lambda: any(path.stat().st_size for path in kept.glob("*/*")))
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 75
    assert not any(kept.iterdir())
    assert not (tmp_path / "out.csv").exists()


def test_what_fails_after_a_signal_was_interrupted(
    dlcli: Callable[..., CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """C extensions turn an interrupt of their import into an error of their own; ignored signals stay ignored."""

    def fail(*_: object, **__: object) -> api.CheckReport:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None
        return api.CheckReport((), None)

    monkeypatch.setattr(api, "check", fail)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    done = dlcli("check", "config.yaml")
    assert (done.returncode, done.stderr) == (75, "interrupted\n")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    previous = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        done = dlcli("check", "config.yaml")
        assert (done.returncode, done.stdout, done.stderr) == (0, "config.yaml: no problems\n", "")
    finally:
        signal.signal(signal.SIGTERM, previous)
