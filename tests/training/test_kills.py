"""Whenever a training is killed, nothing that it has committed is lost, and it ends as the one that never was."""

from __future__ import annotations

import csv
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlcli.runs.commits import ARRAYS, Commits

KILLING = Path(__file__).with_name("killing.py")

CONFIG = """
data: {train: rows.csv, validation: 0.3, target: y, batch_size: 16}
model:
  layers:
    - Dense: {units: 8, activation: relu}
    - BatchNormalization
    - Dropout: {rate: 0.3}
    - Dense: {units: 1}
compile: {optimizer: {Adam: {learning_rate: 0.1}}}
fit: {epochs: 6}
checkpoint: {every: 1, keep: 2}
callbacks:
  - EarlyStopping: {monitor: val_loss, patience: 4, restore_best_weights: true}
  - ReduceLROnPlateau: {monitor: val_loss, patience: 1}
  - ModelCheckpoint: {filepath: best.weights.h5, save_best_only: true, save_weights_only: true}
"""


class Killer:
    """The program that runs trainings and kills them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._process = subprocess.Popen(
            [sys.executable, str(KILLING)], cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, argv: Sequence[str], *, at: int | None = None, after: float | None = None) -> dict[str, int]:
        """Run dlcli; how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        job = {"argv": [*argv, "--quiet"], "run": argv[-1], "at": at, "after": after}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer: dict[str, int] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """It ends with its input."""
        self._process.communicate(timeout=60)


@pytest.fixture
def killer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Killer]:
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "cache"))
    numbers = np.random.default_rng(3).normal(size=(90, 3))
    rows = [",".join(map(str, [*row, row.sum()])) for row in numbers]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,c,y", *rows]))
    (tmp_path / "job.yaml").write_text(CONFIG)
    killer = Killer(tmp_path)
    yield killer
    killer.close()


BEGIN = ["train", "job.yaml", "--overwrite", "--run-dir"]


def outcome(run: Path) -> tuple[Any, ...]:
    """What a training has come to, times aside."""
    with (run / "history.csv").open(newline="") as file:
        rows = [
            [row[name] for name in row if name not in ("seconds", "rows_per_second")] for row in csv.DictReader(file)
        ]
    record = json.loads((run / "run.json").read_text())
    commits = Commits(run / "checkpoints")
    commit = commits.latest(most=10**9)
    assert commit is not None
    return rows, record["status"], record["metrics"], record["epochs"], commits.epochs(), commit.read(ARRAYS)


def train_with_kills(killer: Killer, name: str, moments: Sequence[dict[str, Any]]) -> int:
    """Train, being killed at some moments, until it is done; how often that has happened."""
    run, kills, committed = killer.directory / name, 0, 0
    for moment in (*moments, {}, {}):
        whole = all((run / each).is_file() for each in ("run.json", "config.yaml", "preprocessing.json"))
        assert whole or not committed, "what was committed can be gone on with"
        ended = killer.run(["train", "--resume", name, "--allow-code"] if whole else [*BEGIN, name], **moment)
        log = (killer.directory / f"{name}.log").read_text()
        assert ended["code"] in (-9, 0), log
        kills += ended["code"] == -9
        commit = Commits(run / "checkpoints").latest(most=10**9)
        assert (commit.epoch if commit else 0) >= committed, "no commit is lost"
        committed = commit.epoch if commit else 0
        if not moment and ended["code"] == 0:
            return kills
    raise AssertionError("it does not end")


def test_some_kills(killer: Killer) -> None:
    total = killer.run([*BEGIN, "whole"])
    assert total["code"] == 0, (killer.directory / "whole.log").read_text()
    draw = random.Random(7)
    moments = [{"at": draw.randrange(total["calls"] // 3, total["calls"])} for _ in range(3)]
    kills = train_with_kills(killer, "part", moments)
    assert kills >= 1
    assert outcome(killer.directory / "part") == outcome(killer.directory / "whole")


@pytest.mark.soak
def test_hundreds_of_kills(killer: Killer, capsys: pytest.CaptureFixture[str]) -> None:
    total = killer.run([*BEGIN, "whole"])
    expected = outcome(killer.directory / "whole")
    draw, kills, runs = random.Random(11), 0, 0
    while kills < 300:
        moments = [
            {"at": draw.randrange(1, total["calls"])} if draw.random() < 0.8 else {"after": draw.uniform(0.1, 8)}
            for _ in range(4)
        ]
        kills += train_with_kills(killer, "part", moments)
        assert outcome(killer.directory / "part") == expected
        shutil.rmtree(killer.directory / "part")
        runs += 1
    with capsys.disabled():
        sys.stdout.write(f"\n{kills} kills in {runs} runs: 0 commits lost, 0 differences after resume\n")
