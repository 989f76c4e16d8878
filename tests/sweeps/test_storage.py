"""A database as the study: machines share trials without a folder, and a dead one's trial is taken up once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dlcli.config.schema.sweep import SweepConfig
from dlcli.errors import DlcliError
from dlcli.runs.provenance import provenance
from dlcli.sweeps.folder import SweepFolder
from dlcli.sweeps.results import Result
from dlcli.sweeps.storage import database as module
from dlcli.sweeps.storage.address import Address
from dlcli.sweeps.storage.database import Database, DatabaseBoard
from dlcli.sweeps.study import MOST_DEATHS, Study

WORKER = """
import sys, time
from pathlib import Path
from tests.sweeps.test_storage import machine
from dlcli.sweeps.results import Result
study = machine(Path(sys.argv[1]), sys.argv[2], most=int(sys.argv[3]))
while not study.is_over():
    taken = study.take()
    if taken is None:
        time.sleep(0.01)
        continue
    with open(Path(sys.argv[1]).parent / f"ran-{taken.number}", "a") as file:
        file.write("x")
    taken.report(1, 1.0)
    study.tell(taken, Result("complete", taken.values["a"], 3, 0.1))
"""


def machine(path: Path, url: str, *, most: int | None = 6) -> Study:
    """A study as a machine sees it that has a folder of its own."""
    path.mkdir(parents=True, exist_ok=True)
    section = SweepConfig.model_validate({"space": {"a": {"range": [0, 1]}}, "pruner": "MedianPruner"})
    folder = SweepFolder(path)
    board = DatabaseBoard(folder, Database(Address.parse(url).named("one")))
    return Study(folder, section, direction="min", seed=1, most=most, board=board)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database in a file."""
    return f"sqlite:///{tmp_path / 'sweeps.db'}"


def finish(study: Study, taken: Any) -> None:
    study.tell(taken, Result("complete", taken.values["a"], 1, 0.1))


def test_two_machines_share_the_trials(url: str, tmp_path: Path) -> None:
    one, other = machine(tmp_path / "one", url), machine(tmp_path / "other", url)
    while not one.is_over():
        for study in (one, other):
            if (taken := study.take()) is not None:
                finish(study, taken)
    assert [each.number for each in one.results()] == [1, 2, 3, 4, 5, 6]
    assert one.results() == other.results()
    assert one.best() == other.best()


def test_what_a_machine_trains_is_no_others_and_what_it_gives_back_is(url: str, tmp_path: Path) -> None:
    one, other = machine(tmp_path / "one", url), machine(tmp_path / "other", url)
    first, second = one.take(), other.take()
    assert first is not None
    assert second is not None
    assert (first.number, second.number) == (1, 2)
    one.release(first)
    again = other.take()
    assert again is not None
    assert (again.number, again.values, again.again) == (1, first.values, True)


def test_a_machine_that_gives_no_sign_of_life_loses_its_trial_and_tells_nothing_of_it(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 1e6)  # as if it were asleep
    monkeypatch.setattr(module, "_host", lambda: "elsewhere")
    asleep = machine(tmp_path / "one", url)
    lost = asleep.take()
    assert lost is not None
    monkeypatch.setattr(module, "_host", lambda: "here")
    other = machine(tmp_path / "other", url)
    ours = other.take()
    assert ours is not None
    assert ours.number == 2  # it may be alive yet
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    again = other.take()
    assert again is not None
    assert (again.number, again.values, again.again) == (1, lost.values, True)
    asleep.tell(lost, Result("failed", reason="it comes too late"))
    assert asleep.results() == []
    finish(other, again)
    assert [each.result.state for each in asleep.results()] == ["complete"]


def test_deaths_of_a_trial_are_counted_wherever_its_processes_die(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 1e6)
    for number in range(MOST_DEATHS):
        monkeypatch.setattr(module, "_host", lambda number=number: f"machine {number}")
        monkeypatch.setattr(module, "GRACE_SECONDS", 1e6)
        study = machine(tmp_path / str(number), url, most=1)
        assert study.take() is None or number == 0  # it may be alive yet
        monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
        taken = study.take()  # and is left to die with it
        assert (taken is None) == (number == 0)
        if number == 1 and taken is not None:
            study.release(taken)  # given back, which is no death
            assert study.take() is not None
    last = machine(tmp_path / "last", url, most=1)
    assert [last.take(), last.take()] == [None, None]
    assert last.is_over()
    (trial,) = last.results()
    assert trial.result.state == "failed"
    assert f"killed {MOST_DEATHS} times" in trial.result.reason


def test_signs_of_life_keep_a_trial(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(module, "_host", lambda: "elsewhere")
    database = Database(Address.parse(url).named("one"))
    assert database.take("trial-0001")
    monkeypatch.setattr(module, "_host", lambda: "here")
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    other = Database(Address.parse(url).named("one"))
    seen: set[tuple[str, int]] = set()
    while len(seen) < 3:
        assert not other.take("trial-0001")
        seen.add(other._seen["trial-0001"][0])
        time.sleep(0.05)
    assert Database(Address.parse(url).named("two")).take("trial-0001")  # another sweep's


@pytest.mark.slow
def test_processes_that_are_killed_lose_no_trial_and_count_none_twice(url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

    def start(name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path / name), url, "25"], env=environment)

    workers = [start("one"), start("other")]
    while not list(tmp_path.glob("ran-*")):
        time.sleep(0.02)
    workers[0].kill()
    workers[0].wait()
    workers[0] = start("one")
    assert [worker.wait() for worker in workers] == [0, 0]
    study = machine(tmp_path / "look", url, most=25)
    assert study.is_over()
    results = study.results()
    assert [each.number for each in results] == list(range(1, 26))
    assert all(each.result.value == each.values["a"] for each in results)
    assert len(list(tmp_path.glob("ran-*"))) == 25


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("postgresql+asyncpg9://ada:secret@host/x", "sweep-storage"),
        ("nosuch://ada:secret@host/x", "sweep-storage"),
        ("://", "sweep-storage"),
        ("sqlite://", "sweep-storage"),
        ("sqlite:////no/such/folder/x.db", "sweep-storage"),
        ("oracle+cx_oracle://ada:secret@host/x", "package-missing"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_its_password(text: str, rule: str) -> None:
    with pytest.raises(DlcliError) as refusal:
        Database(Address.parse(text).named("x"))
    (problem,) = refusal.value.problems
    assert problem.rule == rule
    assert "secret" not in str(problem)


def test_no_password_is_written_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    address = Address("postgresql://ada:sec%2Fret@host:5432/x", "iris")
    assert str(address) == address.plain == "postgresql://ada@host:5432/x#iris"
    assert "sec" not in repr(address)
    words = ["dlcli", "sweep", "c.yaml", "--storage", address.url, f"--storage={address.url}"]
    monkeypatch.setattr(sys, "argv", words)
    assert "sec" not in json.dumps(provenance(None)["argv"])


@pytest.mark.tensorflow
def test_another_machine_joins_by_the_address_alone(url: str, tmp_path: Path) -> None:
    import dlcli

    data = tmp_path / "table.csv"
    data.write_text("a,y\n" + "".join(f"{n},{2 * n + n % 3}\n" for n in range(20)))
    config: dict[str, Any] = {
        "name": "far",
        "data": {"train": str(data), "validation": 0.3, "target": "y"},
        "model": {"layers": [{"Dense": {"units": 1}}]},
        "compile": {"optimizer": "Adam", "loss": "mse"},
        "fit": {"epochs": 1},
        "runtime": {"execution": "graph"},
        "checkpoint": False,
        "sweep": {"trials": 1, "space": {"data.batch_size": [4, 8]}},
    }
    here = dlcli.sweep(config, storage=url, run_dir=tmp_path / "here")
    there = dlcli.sweep(join=url, run_dir=tmp_path / "there")
    assert there.trials == here.trials
    assert there.best_run is None
    assert dlcli.check(there.path / "best.yaml", fast=True).warnings == ()
    assert here.best is not None
    assert f"batch_size: {here.best.values['data.batch_size']}" in (there.path / "best.yaml").read_text()
    assert dlcli.sweep(config, storage=url, run_dir=tmp_path / "here").trials == here.trials
    with pytest.raises(DlcliError, match="--storage"):
        dlcli.sweep(join=here.path)
    with pytest.raises(DlcliError, match="another config"):
        dlcli.sweep({**config, "seed": 5}, storage=url, run_dir=tmp_path / "other")
    with pytest.raises(DlcliError, match="far"):
        dlcli.sweep(join=f"{url}#near", run_dir=tmp_path / "other")
    with pytest.raises(DlcliError, match="not replaced"):
        dlcli.sweep(config, storage=url, run_dir=tmp_path / "here", overwrite=True)
