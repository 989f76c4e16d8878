"""Whenever a training is killed or interrupted, and whatever comes upon its files, nothing that it has committed is
lost, and it ends as the one that never was."""

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

    def run(self, argv: Sequence[str], **moment: Any) -> dict[str, int]:
        """Run dlcli; how it ended. The last argument is the run; `killing` says what a moment is."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        job = {"argv": [*argv], "run": argv[-1], **moment}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer: dict[str, int] = json.loads(self._process.stdout.readline())
        return answer

    def log(self, name: str) -> str:
        """What was said of a run, all times together."""
        return (self.directory / f"{name}.log").read_text()

    def close(self) -> None:
        """It ends with its input."""
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    directory = tmp_path_factory.mktemp("killed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLCLI_CACHE_DIR", str(directory / "cache"))
        numbers = np.random.default_rng(3).normal(size=(90, 3))
        rows = [",".join(map(str, [*row, row.sum()])) for row in numbers]
        (directory / "rows.csv").write_text("\n".join(["a,b,c,y", *rows]))
        (directory / "job.yaml").write_text(CONFIG)
        killer = Killer(directory)
    yield killer
    killer.close()


@pytest.fixture(scope="module")
def calls(killer: Killer) -> int:
    """How often the training that is left alone, `whole`, changes something."""
    total = killer.run([*BEGIN, "whole"])
    assert total["code"] == 0, killer.log("whole")
    return total["calls"]


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
        ended = killer.run(["train", "--allow-code", "--resume", name] if whole else [*BEGIN, name], **moment)
        assert ended["code"] in (-9, 0, 75), killer.log(name)
        kills += ended["code"] != 0
        commit = Commits(run / "checkpoints").latest(most=10**9)
        assert (commit.epoch if commit else 0) >= committed, "no commit is lost"
        committed = commit.epoch if commit else 0
        if ended["code"] == 75:
            assert_interrupted(killer, name)
        if not moment and ended["code"] == 0:
            return kills
    raise AssertionError("it does not end")


def assert_interrupted(killer: Killer, name: str) -> None:
    """It says so, and how it goes on; of what it was writing nothing is left."""
    run, last = killer.directory / name, "\n".join(killer.log(name).splitlines()[-2:])
    assert "Traceback" not in killer.log(name)
    if not (run / "run.json").exists():
        assert not run.exists()
        return
    assert not list(run.rglob(".*")), "no draft, no lock"
    status = json.loads((run / "run.json").read_text())["status"]
    assert status in ("interrupted", "completed")
    assert (f"dlcli train --resume {name}" if status == "interrupted" else f"{name} is complete") in last


def test_some_kills(killer: Killer, calls: int) -> None:
    draw = random.Random(7)
    kinds: list[dict[str, Any]] = [{}, {"signal": "SIGTERM"}]
    # When the training goes on it has less to write than before.
    spans = [(0.3, 0.4), (0.15, 0.2)]
    moments = [{"at": round(calls * draw.uniform(*span)), **kind} for span, kind in zip(spans, kinds, strict=True)]
    kills = train_with_kills(killer, "part", moments)
    assert kills == 2
    assert outcome(killer.directory / "part") == outcome(killer.directory / "whole")


SAID = {
    "limit": "File too large",
    "vanish": "the run directory vanish is gone",
    "lock_up": "Permission denied",
    "block": "cannot be committed: File exists",
}


@pytest.mark.parametrize("fault", ["limit", *(pytest.param(each, marks=pytest.mark.soak) for each in list(SAID)[1:])])
def test_whatever_comes_upon_its_files(killer: Killer, calls: int, fault: str) -> None:
    run, away = killer.directory / fault, killer.directory / "gone"
    ended = killer.run([*BEGIN, fault], at=calls * 2 // 5, fault=fault)
    assert ended["code"] == (0 if fault == "block" else 1), killer.log(fault)
    assert SAID[fault] in killer.log(fault)
    assert "Traceback" not in killer.log(fault)
    if fault == "vanish":
        assert not run.exists()
        away.rename(run)
    for folder in (run, run / "checkpoints", run / "evaluations"):
        folder.chmod(0o755)
    if fault == "block":
        return  # what it was to write at its end it has
    assert Commits(run / "checkpoints").latest(most=10**9) is not None
    assert (
        f"go on with it: dlcli train --resume {fault}" in killer.log(fault)
        or fault == "lock_up"
        or (f"go on with: dlcli train --resume {fault}" in killer.log(fault))
    )
    assert killer.run(["train", "--resume", fault])["code"] == 0, killer.log(fault)
    assert outcome(run) == outcome(killer.directory / "whole")


@pytest.mark.soak
def test_hundreds_of_kills(killer: Killer, calls: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A training that goes on may be killed again: many kills to one end, and most of them while files are written."""
    expected = outcome(killer.directory / "whole")
    draw, kills, runs = random.Random(11), 0, 0
    while kills < 300:
        moments = [_moment(draw, calls) for _ in range(12)]
        kills += train_with_kills(killer, "part", moments)
        assert outcome(killer.directory / "part") == expected
        shutil.rmtree(killer.directory / "part")
        runs += 1
    with capsys.disabled():
        sys.stdout.write(f"\n{kills} kills in {runs} runs: 0 commits lost, 0 differences after resume\n")


def _moment(draw: random.Random, calls: int) -> dict[str, Any]:
    """Early enough to be met: a training that goes on has less to write the further it was."""
    if draw.random() < 0.85:
        return {"at": draw.randrange(1, calls // 3)}
    return {"after": draw.uniform(0.1, 4)}


@pytest.mark.soak
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_at_any_moment_of_a_training(killer: Killer, calls: int, number: str) -> None:
    draw = random.Random(number)
    for place in range(10):
        name = f"{number}{place}"
        at = calls * place // 10 + draw.randrange(1, calls // 10)
        ended = killer.run([*BEGIN, name], at=at, signal=number)
        assert ended["code"] in (75, 0), killer.log(name)
        assert ended["code"] == 75 or at > calls // 2, "it was heard of"
        if ended["code"] == 75:
            assert_interrupted(killer, name)


SEVERAL = {
    "cross-validate": (["cross-validate", "job.yaml", "--folds", "2"], ["cross-validate", "--resume"]),
    "ensemble": (["train", "job.yaml", "--set", "ensemble=2"], ["train", "--resume"]),
}
FEW = ["--set", "fit.epochs=2", "--set", "callbacks=[]", "--set", "data.test=0.2", "--set", "report=false"]


@pytest.mark.soak
def test_several_trainings_go_on_wherever_they_were_killed(killer: Killer) -> None:
    begin, resume = SEVERAL["cross-validate"]
    command, run = [*begin, *FEW, "--run-dir", "folds"], killer.directory / "folds"
    assert killer.run(command, watch="folds/fold-1", at=30)["code"] == -9
    (run / "fold-1" / "config.yaml").unlink()  # as if it were killed before that was written
    assert killer.run(command)["code"] == 1
    assert "go on with it: dlcli cross-validate --resume folds" in killer.log("folds")
    assert killer.run([*resume, "folds"], watch="folds/fold-2", at=40, signal="SIGINT")["code"] == 75
    assert "go on with: dlcli cross-validate --resume folds" in killer.log("folds")
    assert killer.run([*resume, "folds"])["code"] == 0, killer.log("folds")
    assert "Traceback" not in killer.log("folds")
    assert not list(run.rglob(".*")), "no draft, no lock"
    assert len((run / "predictions.csv").read_text().splitlines()) == 1 + 72
    (run / "evaluations" / "test.json").unlink()  # the last that is written
    assert killer.run([*resume, "folds"])["code"] == 0
    assert (run / "evaluations" / "test.json").is_file()


@pytest.mark.soak
@pytest.mark.parametrize("kind", SEVERAL)
def test_many_kills_of_several_trainings(killer: Killer, kind: str) -> None:
    begin, resume = SEVERAL[kind]
    total = killer.run([*begin, *FEW, "--run-dir", f"{kind}-whole"])
    assert total["code"] == 0, killer.log(f"{kind}-whole")
    whole, draw = killer.directory / f"{kind}-whole", random.Random(kind)
    for place in range(8):
        name = f"{kind}-{place}"
        number = ("SIGKILL", "SIGINT", "SIGKILL", "SIGTERM")[place % 4]
        at = total["calls"] * place // 8 + draw.randrange(1, total["calls"] // 8)
        ended = killer.run([*begin, *FEW, "--run-dir", name], at=at, signal=number)
        assert ended["code"] in (-9, 75), killer.log(name)
        again = (
            [*resume, name] if (killer.directory / name / "config.yaml").exists() else [*begin, *FEW, "--run-dir", name]
        )
        assert killer.run(again)["code"] == 0, killer.log(name)
        assert "Traceback" not in killer.log(name)
        record, wanted = (json.loads((each / "run.json").read_text()) for each in (killer.directory / name, whole))
        assert (record["status"], record["metrics"]) == ("completed", wanted["metrics"])
        for file in ("predictions.csv", "evaluations/test.json"):
            left = killer.directory / name / file
            assert left.exists() == (whole / file).exists()
            assert file != "predictions.csv" or not left.exists() or left.read_text() == (whole / file).read_text()


COMMANDS = {
    "predict": ["predict", "whole", "rows.csv", "-o", "out.csv"],
    "predict by Keras": ["predict", "whole", "rows.csv", "--runtime", "keras", "-o", "out.csv"],
    "evaluate": ["evaluate", "whole", "rows.csv"],
    "check": ["check", "job.yaml"],
    "export": ["export", "whole", "--format", "keras", "-o", "out.keras"],
    "reproduce": ["reproduce", "whole"],
}


@pytest.mark.soak
@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_signal_at_any_moment_of_a_command(killer: Killer, command: str) -> None:
    def files() -> dict[Path, bytes]:
        left = (path for path in killer.directory.rglob("*") if path.is_file())
        own = (path for path in left if path.suffix not in (".log", ".calls") and "cache" not in path.parts)
        return {path: path.read_bytes() for path in own}

    def clean() -> None:
        for name in ("out.csv", "out.keras", "out.keras.json", "whole/evaluations/rows.json"):
            (killer.directory / name).unlink(missing_ok=True)

    clean()
    before = files()
    total = killer.run(COMMANDS[command], watch="", run="command")
    assert total["code"] == 0, killer.log("command")
    made = files()
    clean()
    moments: list[dict[str, Any]] = [{"after": 0.1}, {"after": 0.6}]
    moments += [{"at": max(1, total["calls"] * place // 4)} for place in range(5) if total["calls"]]
    for place, moment in enumerate(moments):
        number = ("SIGINT", "SIGTERM", "SIGHUP")[place % 3]
        ended = killer.run(COMMANDS[command], watch="", run="command", signal=number, **moment)
        assert ended["code"] in (75, 0), killer.log("command")
        found = files()
        assert all(made.get(path) == found[path] or path.suffix == ".keras" for path in found.keys() - before.keys())
        assert "Traceback" not in killer.log("command")
        clean()
        assert files() == before


@pytest.mark.soak
def test_a_signal_at_any_import(killer: Killer, calls: int) -> None:
    """C extensions make an ImportError of an interrupt, for which somebody may have a way round."""
    draw = random.Random(3)
    for place in range(12):
        name, number = f"cold{place}", ("SIGINT", "SIGTERM", "SIGHUP")[place % 3]
        job = {"argv": [*BEGIN, name], "run": name, "imports": True, "at": draw.randrange(300, 2500), "signal": number}
        cold = [sys.executable, str(KILLING), "--cold", json.dumps(job)]
        done = subprocess.run(cold, cwd=killer.directory, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 75, done.stderr
        assert "Traceback" not in done.stderr
