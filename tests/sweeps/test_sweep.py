"""Sweeps whole: each trial is an ordinary run, the best trains again, what fails says why, what was ended goes on."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import dlcli
from dlcli.errors import ConfigError, DlcliError, RunError
from dlcli.runs.contents import foreign_files
from dlcli.runs.layout import RunDirectory
from dlcli.runs.members import open_several
from dlcli.runs.run import Run
from dlcli.sweeps.events import SweepStarted, TrialEnded
from dlcli.sweeps.folder import SweepFolder
from dlcli.sweeps.outcome import SweepOutcome
from dlcli.training.events import EpochEnded, Notice
from tests.reporting.pages import read_page, read_plots

pytestmark = pytest.mark.tensorflow

RATE, UNITS = "compile.optimizer.Adam.learning_rate", "model.layers.0.Dense.units"


def config(data: Path, **sweep: Any) -> dict[str, Any]:
    return {
        "name": "small",
        "data": {"train": str(data), "validation": 0.3, "target": "label", "features": ["a", "b"]},
        "model": {"layers": [{"Dense": {"units": 4, "activation": "relu"}}, {"Dense": {"units": 2}}]},
        "compile": {
            "optimizer": {"Adam": {"learning_rate": 0.01}},
            "loss": {"SparseCategoricalCrossentropy": {"from_logits": True}},
            "metrics": ["accuracy"],
        },
        "fit": {"epochs": 3},
        "runtime": {"execution": "graph"},
        "sweep": {"trials": 4, "keep": 2, "space": {RATE: {"log": [1e-3, 1e-1]}, UNITS: [2, 3]}, **sweep},
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes that a line divides."""
    drawn = np.random.default_rng(1).normal(size=(60, 2))
    file = tmp_path_factory.mktemp("data") / "table.csv"
    rows = [f"{a:.3f},{b:.3f},{'yes' if a + b > 0 else 'no'}" for a, b in drawn]
    file.write_text("a,b,label\n" + "\n".join(rows) + "\n")
    return file


@pytest.fixture(scope="module")
def swept(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[SweepOutcome, list[Any]]:
    """A sweep of four trials, and what was told of it."""
    told: list[Any] = []
    place = tmp_path_factory.mktemp("sweep") / "s"
    return dlcli.sweep(config(data), run_dir=place, listener=told.append), told


def test_each_trial_is_an_ordinary_run(swept: tuple[SweepOutcome, list[Any]]) -> None:
    outcome, _ = swept
    assert outcome.status == "completed"
    for trial in outcome.trials:
        run = Run(outcome.path / f"trial-{trial.number:04d}")
        assert run.status == "completed"
        assert run.history["val_loss"][run.model_epoch - 1] == trial.result.value
        written = yaml.safe_load((run.path / "config.yaml").read_text())
        assert "sweep" not in written
        assert written["model"]["layers"][0]["Dense"]["units"] == trial.values[UNITS]
        assert written["compile"]["optimizer"]["Adam"]["learning_rate"] == trial.values[RATE]


def test_the_folder_is_one_of_several_runs(swept: tuple[SweepOutcome, list[Any]]) -> None:
    several = open_several(swept[0].path)
    assert several is not None
    assert several.kind == "sweep"
    assert several.names == tuple(f"trial-{number:04d}" for number in range(1, 5))
    assert several.record["status"] == "completed"


def test_the_best_can_be_trained_again_to_the_same(swept: tuple[SweepOutcome, list[Any]], tmp_path: Path) -> None:
    outcome, _ = swept
    assert outcome.best is not None
    assert outcome.best_run is not None
    values = [each.result.value or 0.0 for each in outcome.trials]
    assert outcome.best.result.value == min(values)
    again = dlcli.train(outcome.best_config, run_dir=tmp_path / "again")
    assert again.history == outcome.best_run.history


def test_the_best_is_trained_where_it_stands_with_the_files_that_it_keeps(data: Path, tmp_path: Path) -> None:
    """Code of one's own, and weights that were learnt before."""
    (tmp_path / "own.py").write_text(
        "import keras\n\n\nclass Twice(keras.layers.Layer):\n    def call(self, x):\n        return 2 * x\n"
    )
    searched = {**config(data), "code": [str(tmp_path / "own.py")], "report": False}
    searched["model"] = {"layers": ["Twice", *searched["model"]["layers"]]}
    searched["sweep"]["space"] = {RATE: {"log": [1e-3, 1e-1]}}
    dlcli.train({**searched, "sweep": None}, run_dir=tmp_path / "first")
    searched["model"]["weights"] = str(tmp_path / "first")
    searched["sweep"]["keep"] = 1
    outcome = dlcli.sweep(searched, run_dir=tmp_path / "s", trials=2)
    assert outcome.best is not None
    assert outcome.best_run is not None
    shutil.copy(outcome.best_run.path / "model.keras", tmp_path / "first" / "model.keras")
    with pytest.raises(RunError, match=r"first/model\.keras has changed since the sweep was begun"):
        dlcli.sweep(searched, run_dir=tmp_path / "s", trials=3)
    shutil.rmtree(tmp_path / "first")
    (tmp_path / "s").rename(tmp_path / "moved")
    begun = [tmp_path / "moved" / f"trial-000{number}" / "initial.weights.h5" for number in (1, 2)]
    assert os.path.samefile(*begun)  # the disk has it once
    again = dlcli.train(tmp_path / "moved" / "best.yaml", run_dir=tmp_path / "again")
    assert again.history["val_loss"][-1] == outcome.best.result.value
    begun[outcome.best.number - 1].unlink()  # none depends on another
    other = 3 - outcome.best.number
    again = dlcli.train(tmp_path / "moved" / f"trial-000{other}" / "config.yaml", run_dir=tmp_path / "other")
    assert again.history["val_loss"][-1] == outcome.trials[other - 1].result.value


def test_the_best_predicts(swept: tuple[SweepOutcome, list[Any]], data: Path) -> None:
    run = swept[0].best_run
    assert run is not None
    rows = [line.split(",")[:2] for line in data.read_text().splitlines()[1:]]
    frame = {"a": [float(a) for a, _ in rows], "b": [float(b) for _, b in rows]}
    import pandas as pd

    assert len(dlcli.predict(run, pd.DataFrame(frame))) == len(rows)


def test_it_ends_with_its_report(swept: tuple[SweepOutcome, list[Any]]) -> None:
    outcome, told = swept
    page = read_page(outcome.path / "report.html")
    assert {"How the search went", "The best trials", "Each parameter", "How to use it"} <= set(page.headings)
    assert {"history", "parameter-0", "parameter-1"} <= read_plots(outcome.path / "plots").keys()
    assert outcome.best is not None
    assert f"dlcli reproduce {outcome.path / f'trial-{outcome.best.number:04d}'}" in page.text
    assert [each for each in told if isinstance(each, Notice) and each.warning] == []


def test_it_is_not_reproduced_as_a_whole_and_says_what_is(swept: tuple[SweepOutcome, list[Any]]) -> None:
    outcome, _ = swept
    with pytest.raises(RunError) as raised:
        dlcli.reproduce(outcome.path)
    assert outcome.best is not None
    assert f"the best: dlcli reproduce {outcome.path}/trial-{outcome.best.number:04d}" == raised.value.problems[0].hint


def test_only_the_best_keep_their_models(swept: tuple[SweepOutcome, list[Any]]) -> None:
    outcome, _ = swept
    ordered = sorted(outcome.trials, key=lambda each: each.result.value or 0.0)
    kept = {each.number for each in ordered[:2]}
    for trial in outcome.trials:
        place = outcome.path / f"trial-{trial.number:04d}"
        assert (place / "model.keras").is_file() == (trial.number in kept)
        assert (place / "history.csv").is_file()


def test_it_tells_of_each_trial_and_writes_a_table(swept: tuple[SweepOutcome, list[Any]]) -> None:
    outcome, told = swept
    assert [type(event) for event in told if isinstance(event, (SweepStarted, TrialEnded))] == [SweepStarted] + [
        TrialEnded
    ] * 4
    rows = list(csv.DictReader((outcome.path / "trials.csv").read_text().splitlines()))
    assert [float(row["value"]) for row in rows] == [each.result.value for each in outcome.trials]


def test_the_same_call_has_nothing_to_do_and_more_trials_go_on(
    swept: tuple[SweepOutcome, list[Any]], data: Path
) -> None:
    outcome, _ = swept
    again = dlcli.sweep(config(data), run_dir=outcome.path)
    assert again.trials == outcome.trials
    more = dlcli.sweep(config(data), run_dir=outcome.path, trials=5)
    assert more.trials[:4] == outcome.trials
    assert len(more.trials) == 5


def test_what_a_killed_worker_leaves_is_of_the_sweep(swept: tuple[SweepOutcome, list[Any]]) -> None:
    outcome, _ = swept
    lease = SweepFolder(outcome.path).lease(2)
    assert lease.take()
    lease.release()  # as the system does for a process that is killed: the file stays
    assert lease.path.is_file()
    assert foreign_files(RunDirectory(outcome.path)) == []
    lease.path.unlink()


def test_another_config_is_refused_and_replaces_with_leave(data: Path, tmp_path: Path) -> None:
    place = tmp_path / "s"
    dlcli.sweep(config(data), run_dir=place, trials=1)
    with pytest.raises(RunError) as raised:
        dlcli.sweep(config(data, space={UNITS: [5, 6]}), run_dir=place, trials=1)
    assert raised.value.problems[0].rule == "run-exists"
    outcome = dlcli.sweep(config(data, space={UNITS: [5, 6]}), run_dir=place, trials=1, overwrite=True)
    assert outcome.trials[0].values[UNITS] in (5, 6)
    assert [each.name for each in tmp_path.iterdir()] == ["s"]


def test_a_trial_that_fails_says_why_and_does_not_end_the_sweep(data: Path, tmp_path: Path) -> None:
    broken = config(data, space={"data.batch_size": [20, 10], RATE: [0.01, 1e38]}, sampler="BruteForceSampler")
    outcome = dlcli.sweep(broken, run_dir=tmp_path / "s")
    states = {each.values[RATE]: each.result for each in outcome.trials}
    assert states[0.01].state == "complete"
    assert states[1e38].state == "failed"
    assert (
        "nan" in states[1e38].reason.lower() or "inf" in states[1e38].reason.lower() or "number" in states[1e38].reason
    )
    assert outcome.counts()["failed"] == 2


def test_where_all_fail_the_reasons_are_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError) as raised:
        dlcli.sweep(config(data, space={RATE: [1e37, 1e38]}), run_dir=tmp_path / "s")
    assert {problem.rule for problem in raised.value.problems} == {"sweep-failed"}
    rows = list(csv.DictReader((tmp_path / "s" / "trials.csv").read_text().splitlines()))
    assert {row["state"] for row in rows} == {"failed"}


def test_a_pruner_ends_what_is_behind(data: Path, tmp_path: Path) -> None:
    searched = config(
        data,
        trials=8,
        metric="val_accuracy",
        pruner={"ThresholdPruner": {"lower": 0.9}},
        space={RATE: {"log": [1e-5, 1e-1]}},
    )
    searched["fit"]["epochs"] = 6
    outcome = dlcli.sweep(searched, run_dir=tmp_path / "s")
    assert outcome.direction == "max"
    pruned = [each for each in outcome.trials if each.result.state == "pruned"]
    assert pruned
    for each in pruned:
        run = Run(tmp_path / "s" / f"trial-{each.number:04d}")
        assert run.epochs == each.result.epochs < 6
        assert run.record["trial"]["pruned"]


def test_a_trial_that_was_trained_and_not_told_is_not_trained_again(data: Path, tmp_path: Path) -> None:
    place = tmp_path / "s"
    outcome = dlcli.sweep(config(data), run_dir=place, trials=2)
    journal = (place / "study.journal").read_bytes().splitlines(keepends=True)
    told = max(index for index, line in enumerate(journal) if b'"op_code":6' in line)
    (place / "study.journal").write_bytes(b"".join(journal[:told]))  # the process died before the last line
    before = (place / "trial-0002" / "run.json").stat().st_mtime_ns
    again = dlcli.sweep(config(data), run_dir=place, trials=2)
    assert again.trials == outcome.trials
    assert (place / "trial-0002" / "run.json").stat().st_mtime_ns == before


def test_a_trial_that_was_interrupted_goes_on_from_its_commit(data: Path, tmp_path: Path) -> None:
    searched = {**config(data, trials=1), "checkpoint": {"every": 1}}
    whole = dlcli.sweep(searched, run_dir=tmp_path / "whole")

    def interrupt(event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dlcli.sweep(searched, run_dir=tmp_path / "parts", listener=interrupt)
    assert open_several(tmp_path / "parts") is not None
    parts = dlcli.sweep(searched, run_dir=tmp_path / "parts")
    assert parts.trials[0].values == whole.trials[0].values
    assert parts.trials[0].result.value == whole.trials[0].result.value
    assert Run(tmp_path / "parts" / "trial-0001").record["resumed"][0]["epoch"] == 2


def test_what_was_gone_on_with_by_hand_stays(data: Path, tmp_path: Path) -> None:
    """The run is that person's now: its model is not removed, and the config of the best is that of the trial."""
    place = tmp_path / "s"
    outcome = dlcli.sweep({**config(data, keep=2), "report": False}, run_dir=place, trials=2)
    assert outcome.best is not None
    before = (place / "best.yaml").read_bytes()
    for number in (1, 2):
        dlcli.train(resume=place / f"trial-{number:04d}", overrides={"fit.epochs": 4})
    again = dlcli.sweep({**config(data, keep=1), "report": False}, run_dir=place, trials=2)
    assert all((place / f"trial-{number:04d}" / "model.keras").is_file() for number in (1, 2))
    assert again.best == outcome.best
    assert (place / "best.yaml").read_bytes() == before


def test_a_sweep_is_of_the_same_rows(data: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for place in (here, there):
        place.mkdir()
        (place / "table.csv").write_bytes(data.read_bytes())
        (place / "c.yaml").write_text(yaml.safe_dump({**config(data), "checkpoint": False}))
    lines = data.read_bytes().splitlines(keepends=True)

    def swept(place: Path, trials: int) -> SweepOutcome:
        return dlcli.sweep(
            place / "c.yaml", overrides={"data.train": "table.csv"}, run_dir=tmp_path / "s", trials=trials
        )

    assert len(swept(here, 1).trials) == 1
    (here / "table.csv").write_bytes(b"".join(lines[:-10]))
    with pytest.raises(RunError, match=r"here/table.csv has changed since the sweep was begun"):
        swept(here, 2)
    (here / "table.csv").unlink()  # as on another machine
    (there / "table.csv").write_bytes(b"".join(lines[:-10]))
    with pytest.raises(RunError, match=r"data.train reads other files than when .*trial-0001 was trained"):
        swept(there, 2)
    (there / "table.csv").write_bytes(data.read_bytes())
    assert [each.result.state for each in swept(there, 2).trials] == ["complete", "complete"]


def test_train_leaves_the_sweep_alone_and_says_so(data: Path, tmp_path: Path) -> None:
    told: list[Any] = []
    run = dlcli.train(config(data), run_dir=tmp_path / "r", listener=told.append)
    assert "sweep-left-out" in [event.problem.rule for event in told if isinstance(event, Notice)]
    assert "sweep" not in yaml.safe_load((run.path / "config.yaml").read_text())


@pytest.mark.parametrize("more", [{"ensemble": 2}, {"runtime": {"workers": 2}}])
def test_a_trial_is_one_model_by_one_process(more: dict[str, Any], data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a trial of a sweep is"):
        dlcli.sweep({**config(data), **more}, run_dir=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_config_without_a_sweep_is_refused(data: Path, tmp_path: Path) -> None:
    plain = config(data)
    del plain["sweep"]
    with pytest.raises(ConfigError) as raised:
        dlcli.sweep(plain, run_dir=tmp_path / "s")
    assert raised.value.problems[0].path == "sweep"
    assert not (tmp_path / "s").exists()


def test_what_is_not_installed_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DlcliError) as raised:
        dlcli.sweep(config(data, sampler="CmaEsSampler"), run_dir=tmp_path / "s")
    assert raised.value.problems[0].rule == "package-missing"


def test_names_of_files_are_relative_to_the_file_that_has_them(data: Path, tmp_path: Path) -> None:
    base, other = tmp_path / "base", tmp_path / "other"
    base.mkdir()
    other.mkdir()
    (base / "table.csv").write_text(data.read_text())
    (base / "base.yaml").write_text(yaml.safe_dump({**config(Path("table.csv")), "sweep": None}))
    (other / "c.yaml").write_text(yaml.safe_dump({"extends": "../base/base.yaml", "sweep": config(data)["sweep"]}))
    dlcli.sweep(other / "c.yaml", run_dir=tmp_path / "s", trials=1)
    joined = dlcli.sweep(join=tmp_path / "s", trials=2)
    assert len(joined.trials) == 2


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "dlcli", "sweep", *arguments, "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait as long as it takes, unless the process ends before."""
    while not reached() and process.poll() is None:
        time.sleep(0.1)


def children(process: subprocess.Popen[str]) -> list[int]:
    """The processes that a process has started."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False
    )
    return [int(number) for number in listed.stdout.split()]


@pytest.mark.soak
@pytest.mark.parametrize("folds", [None, 2])
def test_several_processes_that_are_killed_and_interrupted(folds: int | None, data: Path, tmp_path: Path) -> None:
    searched = config(data, trials=40, keep="all", pruner="MedianPruner", space={RATE: {"log": [1e-4, 1e-1]}})
    if folds is not None:
        searched["sweep"]["folds"] = folds
        del searched["data"]["validation"]
    file, place = tmp_path / "c.yaml", tmp_path / "s"
    file.write_text(yaml.safe_dump(searched))
    arguments = [str(file), "--run-dir", str(place), "--workers", "2"]

    def begun() -> int:
        return len(list(place.glob("trial-*")))

    whole = start(*arguments)
    wait_until(lambda: begun() >= 4, whole)
    workers = children(whole)
    whole.send_signal(signal.SIGKILL)
    whole.communicate()
    while any(Path(f"/proc/{worker}").exists() for worker in workers):  # which end with it
        time.sleep(0.1)
    before, whole = begun(), start(*arguments)
    wait_until(lambda: begun() > before, whole)
    os.kill(children(whole)[0], signal.SIGKILL)
    before = begun()
    wait_until(lambda: begun() > before, whole)
    whole.send_signal(signal.SIGINT)
    whole.communicate(timeout=120)
    assert whole.returncode in (75, 0)
    out, _ = start(*arguments).communicate(timeout=900)
    counts = json.loads(out)["trials"]
    assert counts["complete"] + counts["pruned"] == 40
    rows = list(csv.DictReader((place / "trials.csv").read_text().splitlines()))
    assert [int(row["trial"]) for row in rows if not row["same_as"]] == list(range(1, 41))
    for row in rows:
        run = Run(place / f"trial-{int(row['trial']):04d}")
        assert run.epochs == int(row["epochs"])
        if folds is not None:
            assert len([each for each in run.path.glob("fold-*") if Run(each).status == "completed"]) == int(
                row["folds"]
            )


def test_a_study_that_has_lost_its_lines_finds_its_trials_again_and_replaces_no_others(
    swept: tuple[SweepOutcome, list[Any]], data: Path, tmp_path: Path
) -> None:
    before, _ = swept
    place = shutil.copytree(before.path, tmp_path / "s")
    histories = {file: file.stat().st_mtime_ns for file in place.glob("trial-*/history.csv")}
    (place / "study.journal").unlink()
    after = dlcli.sweep(config(data), run_dir=place)
    assert [(each.values, each.result.value) for each in after.trials] == [
        (each.values, each.result.value) for each in before.trials
    ]
    assert {file: file.stat().st_mtime_ns for file in place.glob("trial-*/history.csv")} == histories
    (place / "study.journal").unlink()
    record = json.loads((place / "trial-0002" / "run.json").read_text())
    record["trial"]["values"][UNITS] = 7
    (place / "trial-0002" / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match=r"trial-0002 is there already"):
        dlcli.sweep(config(data), run_dir=place)
    assert {file: file.stat().st_mtime_ns for file in place.glob("trial-*/history.csv")} == histories
