"""The study among processes: no trial is lost or counted twice, whatever is killed; no values are tried twice."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dlcli.config.schema.sweep import SweepConfig
from dlcli.sweeps.folder import SweepFolder
from dlcli.sweeps.optuna_names import label_of, labels
from dlcli.sweeps.overview import write_table
from dlcli.sweeps.results import Result
from dlcli.sweeps.storage.journal import Journal
from dlcli.sweeps.study import MOST_DEATHS, Study

SPACE: dict[str, Any] = {"a": {"range": [0, 1]}, "b": {"int": [1, 9]}, "c": ["x", "y"]}

WORKER = """
import sys, time
from pathlib import Path
from tests.sweeps.test_study import open_study
from dlcli.sweeps.results import Result
folder, most = Path(sys.argv[1]), int(sys.argv[2])
study = open_study(folder, most=most)
while not study.is_over():
    taken = study.take()
    if taken is None:
        time.sleep(0.01)
        continue
    for epoch in range(1, 4):
        taken.report(epoch, taken.values["a"] + epoch)
        time.sleep(0.002)
    with open(folder / f"ran-{taken.number}", "a") as file:
        file.write("x")
    study.tell(taken, Result("complete", taken.values["a"], 3, 0.1))
"""


def open_study(path: Path, *, space: dict[str, Any] | None = None, most: int | None = 10, **sweep: Any) -> Study:
    path.mkdir(exist_ok=True)
    section = SweepConfig.model_validate({"space": space or SPACE, "pruner": "MedianPruner", **sweep})
    return Study(SweepFolder(path), section, direction="min", seed=1, most=most)


def run_all(study: Study) -> list[dict[str, Any]]:
    tried = []
    while (taken := study.take()) is not None:
        tried.append(dict(taken.values))
        study.tell(taken, Result("complete", float(len(tried)), 1, 0.1))
    return tried


def test_so_many_trials_and_then_no_more(tmp_path: Path) -> None:
    study = open_study(tmp_path / "s")
    tried = run_all(study)
    assert len(tried) == 10
    assert study.is_over()
    assert [each.number for each in study.results()] == list(range(1, 11))
    assert [dict(each.values) for each in study.results()] == tried
    assert study.best()[0].number == 1


def test_one_worker_draws_the_same_again_wherever_it_was_ended(tmp_path: Path) -> None:
    whole = run_all(open_study(tmp_path / "whole"))
    parts = run_all(open_study(tmp_path / "parts", most=4)) + run_all(open_study(tmp_path / "parts"))
    assert parts == whole


def test_a_trial_that_was_left_is_taken_up_with_its_number_and_values(tmp_path: Path) -> None:
    study = open_study(tmp_path / "s")
    taken = study.take()
    assert taken is not None
    other = open_study(tmp_path / "s")
    second = other.take()
    assert second is not None
    assert second.number == 2  # the first is held
    study.release(taken)
    again = other.take()
    assert again is not None
    assert (again.number, again.values, again.again) == (1, taken.values, True)


def test_values_are_not_tried_twice_and_a_small_space_ends(tmp_path: Path) -> None:
    small = {"a": [1, 2, 3], "b": {"int": [1, 2], "when": {"a": [1, 2]}}}
    study = open_study(tmp_path / "s", space=small, most=50)
    tried = run_all(study)
    assert len(tried) == 5
    assert len({json.dumps(each, sort_keys=True) for each in tried}) == 5
    repeated = [each for each in study.results() if each.twin is not None]
    for each in repeated:
        assert each.result == study.results()[(each.twin or 0) - 1].result
    assert study.is_over()


def test_the_same_values_at_the_same_time_wait_for_the_first(tmp_path: Path) -> None:
    study = open_study(tmp_path / "s", space={"a": [1, 2]}, most=50)
    first, second = study.take(), study.take()
    assert first is not None
    assert second is not None
    assert first.values != second.values
    assert study.take() is None
    assert not study.is_over()
    study.tell(first, Result("complete", 1.0))
    study.tell(second, Result("failed", reason="why"))
    assert study.take() is None
    assert study.is_over()
    assert {each.result.state for each in study.results()} == {"complete", "failed"}


@pytest.mark.parametrize(
    "sampler", ["GridSampler", "BruteForceSampler", "RandomSampler", "NSGAIISampler", "TPESampler"]
)
def test_samplers(sampler: str, tmp_path: Path) -> None:
    space = {"a": {"range": [0, 1, 0.5]}, "b": {"int": [1, 5, 2]}, "c": [True, None]}
    tried = run_all(open_study(tmp_path / "s", space=space, most=12, sampler=sampler))
    assert len({json.dumps(each) for each in tried}) == 12


@pytest.mark.parametrize("pruner", ["MedianPruner", "SuccessiveHalvingPruner", "HyperbandPruner"])
def test_pruners_end_what_is_behind(pruner: str, tmp_path: Path) -> None:
    study = open_study(tmp_path / "s", most=30, pruner=pruner)
    pruned = 0
    while (taken := study.take()) is not None:
        worse = float(taken.number)
        ended = next((epoch for epoch in range(1, 10) if taken.report(epoch, worse)), None)
        pruned += ended is not None
        study.tell(taken, Result("complete" if ended is None else "pruned", worse, ended or 9, 0.1))
    assert pruned > 3
    assert sum(each.result.state == "pruned" for each in study.results()) == pruned


@pytest.mark.parametrize("values", [[1, 1.0, True], ["a", None], [[1], [1, 2]], [{"x": 1}, "x"], [0, False]])
def test_values_of_a_list_are_told_apart(values: list[Any]) -> None:
    from dlcli.config.schema.sweep import ParameterConfig

    parameter = ParameterConfig(choice=values)
    back = [label_of(parameter, label) for label in labels(values)]
    assert [(type(one), one) for one in back] == [(type(one), one) for one in values]


def test_a_line_that_was_cut_off_is_taken_away(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    journal = Journal(folder)
    journal.append_logs([{"op_code": 0, "n": number} for number in range(3)])
    with open(folder.journal, "ab") as file:
        file.write(b'{"op_code": 6, "n"')
    assert [line["n"] for line in Journal(folder).read_logs(0)] == [0, 1, 2]
    Journal(folder).append_logs([{"op_code": 6, "n": 3}])
    assert [line["n"] for line in Journal(folder).read_logs(0)] == [0, 1, 2, 3]
    assert [line["n"] for line in journal.read_logs(3)] == [3]
    folder.journal.write_bytes(b'{"op_code"')
    Journal(folder).append_logs([{"n": 0}])
    assert folder.journal.read_bytes() == b'{"n":0}\n'


def test_optuna_reads_the_journal(tmp_path: Path) -> None:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    run_all(open_study(tmp_path / "s", most=3))
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(tmp_path / "s" / "study.journal")))
    assert len(optuna.load_study(study_name=None, storage=storage).trials) == 3


def die(study: Study) -> int | None:
    """Take a trial, and be killed: the file of its lease stays."""
    taken = study.take()
    if taken is None:
        return None
    taken.lock.release()
    assert study.folder.lease(taken.number).path.is_file()
    return taken.number


def test_a_trial_that_kills_its_process_is_given_up(tmp_path: Path) -> None:
    study = open_study(tmp_path / "s", most=2)
    assert [die(study) for _ in range(MOST_DEATHS)] == [1] * MOST_DEATHS
    assert die(open_study(tmp_path / "s", most=2)) == 2  # also where each is a command of its own
    [result] = study.results()
    assert result.result.state == "failed"
    assert f"killed {MOST_DEATHS} times" in result.result.reason


def test_a_trial_that_comes_further_each_time_is_not_given_up(tmp_path: Path) -> None:
    study = open_study(tmp_path / "s", most=1)
    for epoch in range(1, 2 * MOST_DEATHS):
        assert die(study) == 1
        (study.folder.trial(1).checkpoints / f"epoch-{epoch:06d}").mkdir(parents=True)
    for _ in range(2 * MOST_DEATHS):  # nor one that is stopped with a word
        taken = study.take()
        assert taken is not None
        study.release(taken)


def test_the_table_has_a_row_for_each(tmp_path: Path) -> None:
    study = open_study(tmp_path / "s", most=3)
    run_all(study)
    write_table(study.folder, study)
    rows = list(csv.DictReader(study.folder.table.read_text().splitlines()))
    assert [row["trial"] for row in rows] == ["1", "2", "3"]
    assert [float(row["a"]) for row in rows] == [each.values["a"] for each in study.results()]


def test_a_parameter_may_be_called_as_a_column(tmp_path: Path) -> None:
    space = {name: {"range": [0, 1], "at": f"model.{name}"} for name in ("epochs", "value", "a")}
    study = open_study(tmp_path / "s", space=space, most=2)
    run_all(study)
    write_table(study.folder, study)
    for row, trial in zip(csv.DictReader(study.folder.table.read_text().splitlines()), study.results(), strict=True):
        said = {"epochs": row["parameter.epochs"], "value": row["parameter.value"], "a": row["a"]}
        assert {name: float(value) for name, value in said.items()} == trial.values
        assert row["epochs"] == "1"


def test_importance_finds_what_matters(tmp_path: Path) -> None:
    study = open_study(tmp_path / "s", space={"a": {"range": [0, 1]}, "b": {"range": [0, 1]}, "one": [1]}, most=60)
    assert study.importance() == {}
    while (taken := study.take()) is not None:
        study.tell(taken, Result("complete", taken.values["a"] + 0.01 * taken.values["b"], 1, 0.1))
    first, *rest = study.importance()
    assert first == "a"
    assert rest == ["b"]


def start(folder: Path, most: int) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.Popen([sys.executable, "-c", WORKER, str(folder), str(most)], env=environment)


def kill_and_count(folder: Path, *, kills: int, most: int) -> None:
    chance = random.Random(4)
    workers = [start(folder, most) for _ in range(2)]
    while kills:
        time.sleep(chance.uniform(0.3, 1.2))
        number = chance.randrange(2)
        if workers[number].poll() is None:
            workers[number].send_signal(signal.SIGKILL)
            kills -= 1
        workers[number].wait()
        workers[number] = start(folder, most)
    for worker in workers:
        assert worker.wait() == 0
    study = open_study(folder, most=most)
    assert study.is_over()
    assert study.running() == []
    results = [each for each in study.results() if each.twin is None]
    assert len(results) == most
    assert all(each.result.value == each.values["a"] for each in results)
    assert sorted(each.name for each in folder.glob("ran-*")) == sorted(f"ran-{each.number}" for each in results)
    assert list(folder.glob(".leases/*")) == []


def test_two_processes_share_the_trials(tmp_path: Path) -> None:
    kill_and_count(tmp_path / "s", kills=1, most=60)


@pytest.mark.soak
def test_thirty_kills(tmp_path: Path) -> None:
    kill_and_count(tmp_path / "s", kills=30, most=2000)


def test_the_last_values_of_a_finite_space_are_found_without_trying_the_others_again_and_again(tmp_path: Path) -> None:
    study = open_study(tmp_path / "s", space={"a": {"int": [1, 40]}, "b": {"choice": ["x"], "when": {"a": 3}}}, most=60)
    while (taken := study.take()) is not None:
        study.tell(taken, Result("complete", abs(taken.values["a"] - 20.0), 1, 0.1))
    results = study.results()
    assert sorted(each.values["a"] for each in results if each.twin is None) == list(range(1, 41))
    assert sum(each.twin is not None for each in results) < 100
    assert study.is_exhausted()
    assert not open_study(tmp_path / "other", space={"a": {"int": [1, 3]}}).is_exhausted()
