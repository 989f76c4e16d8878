"""Folds as the objective: a trial is a cross-validation, whose mean counts, and which may end between two folds."""

from __future__ import annotations

import csv
import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import dlcli
from dlcli.config.schema.sweep import SweepConfig
from dlcli.errors import ConfigError, RunError
from dlcli.runs.members import open_several
from dlcli.runs.run import Run
from dlcli.sweeps.folder import SweepFolder
from dlcli.sweeps.outcome import SweepOutcome
from dlcli.sweeps.overview import keep_best
from dlcli.sweeps.results import TrialResult
from dlcli.training.events import Notice, Stage
from tests.reporting.pages import read_page

pytestmark = pytest.mark.tensorflow

RATE = "compile.optimizer.Adam.learning_rate"
FOLDS = ("fold-1", "fold-2", "fold-3")


def config(data: Path, **sweep: Any) -> dict[str, Any]:
    """One without a validation split: the folds are what is validated on."""
    return {
        "name": "folded",
        "data": {"train": str(data), "target": "y", "features": ["a", "b"]},
        "model": {"layers": [{"Dense": {"units": 3}}, {"Dense": {"units": 1}}]},
        "compile": {"optimizer": {"Adam": {"learning_rate": 0.01}}, "loss": "mse", "metrics": ["mae"]},
        "fit": {"epochs": 2},
        "callbacks": [{"EarlyStopping": {"monitor": "val_loss", "patience": 1, "restore_best_weights": True}}],
        "runtime": {"execution": "graph"},
        "report": False,
        "checkpoint": False,
        "sweep": {
            "metric": "val_mae",
            "folds": 3,
            "sampler": "BruteForceSampler",
            "space": {RATE: [0.01, 0.1]},
            **sweep,
        },
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of numbers."""
    file = tmp_path_factory.mktemp("data") / "table.csv"
    a, b = np.random.default_rng(3).normal(size=(2, 31))
    rows = [f"{x:.3f},{y:.3f},{10 + 4 * x - y:.3f}" for x, y in zip(a, b, strict=True)]
    file.write_text("a,b,y\n" + "\n".join(rows) + "\n")
    file.with_name("other.csv").write_text("a,b,y\n" + "\n".join(rows[:9]) + "\n")
    return file


@pytest.fixture(scope="module")
def swept(data: Path, tmp_path_factory: pytest.TempPathFactory) -> SweepOutcome:
    """Two trials of three folds."""
    return dlcli.sweep(config(data, keep=1), run_dir=tmp_path_factory.mktemp("sweep") / "s")


def folds_of(outcome: SweepOutcome, number: int) -> list[Run]:
    return [Run(outcome.path / f"trial-{number:04d}" / name) for name in FOLDS]


def test_the_mean_over_the_folds_counts(swept: SweepOutcome) -> None:
    rows = list(csv.DictReader((swept.path / "trials.csv").read_text().splitlines()))
    for trial, row in zip(swept.trials, rows, strict=True):
        found = [run.history["val_mae"][run.model_epoch - 1] for run in folds_of(swept, trial.number)]
        assert trial.result.value == pytest.approx(statistics.fmean(found), rel=1e-12)
        assert trial.result.spread == pytest.approx(statistics.stdev(found), rel=1e-12)
        assert trial.result.epochs == sum(run.epochs for run in folds_of(swept, trial.number))
        assert (float(row["value"]), float(row["spread"])) == (trial.result.value, trial.result.spread)
        assert row["folds"] == "3"


def test_a_trial_is_a_cross_validation_that_can_be_repeated_alone(swept: SweepOutcome, tmp_path: Path) -> None:
    assert swept.best is not None
    assert swept.best_run is not None
    several = open_several(swept.best_run.path)
    assert several is not None
    assert (several.kind, several.names) == ("cross_validation", FOLDS)
    assert swept.best_config is not None
    assert yaml.safe_load(swept.best_config.read_text())["data"].keys() & {"fold", "validation"} == set()
    alone = dlcli.cross_validate(swept.best_config, folds=3, run_dir=tmp_path / "alone")
    assert [Run(alone.path / name).history for name in FOLDS] == [
        run.history for run in folds_of(swept, swept.best.number)
    ]
    assert alone.final_metrics()["validation"]["mae"] == pytest.approx(swept.best.result.value, rel=1e-5)


def test_the_best_folds_keep_their_models_and_predict_their_mean(swept: SweepOutcome) -> None:
    import pandas as pd

    assert swept.best is not None
    for trial in swept.trials:
        kept = [(run.path / "model.keras").is_file() for run in folds_of(swept, trial.number)]
        assert kept == [trial.number == swept.best.number] * 3
    assert swept.best_run is not None
    table = pd.DataFrame({"a": [0.1, -1.0], "b": [0.0, 2.0]})
    each = [dlcli.predict(run, table)["prediction"] for run in folds_of(swept, swept.best.number)]
    assert np.allclose(dlcli.predict(swept.best_run, table)["prediction"], np.mean(each, axis=0), rtol=1e-6)


def test_its_report_says_who_shows_rows(swept: SweepOutcome, tmp_path: Path) -> None:
    """Trials have no ONNX file, and a report loads no TensorFlow by itself."""
    assert swept.best_run is not None
    run, page = swept.best_run.path, tmp_path / "page.html"
    way = f"dlcli report {run} --runtime auto"
    told: list[Any] = []
    assert way in read_page(dlcli.report(run, page, listener=told.append)).text
    assert [each.problem.hint for each in told if isinstance(each, Notice)] == [
        f"`{way}` asks Keras, which loads TensorFlow"
    ]
    shown = read_page(dlcli.report(run, page, runtime="auto")).text
    assert "No rows are looked at" not in shown


def test_it_goes_on_fold_by_fold_and_what_somebody_goes_on_with_is_theirs(
    data: Path, swept: SweepOutcome, tmp_path: Path
) -> None:
    place, other = tmp_path / "s", tmp_path / "other"
    asked = {key: value for key, value in config(data, keep="all", trials=1).items() if key != "checkpoint"}

    def interrupt(event: Any) -> None:
        if isinstance(event, Stage) and event.name == "fold-2, epoch 1":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dlcli.sweep(asked, run_dir=place, listener=interrupt)
    shutil.copytree(place, other)
    first = place / "trial-0001" / "fold-1" / "run.json"
    before = first.stat().st_mtime_ns
    again = dlcli.sweep(asked, run_dir=place)
    assert first.stat().st_mtime_ns == before
    same = next(each for each in swept.trials if each.values == again.trials[0].values)
    assert (again.trials[0].result.value, again.trials[0].result.folds) == (same.result.value, 3)

    folder = SweepFolder(place)
    assert folder.owns(1)
    dlcli.train(resume=place / "trial-0001" / "fold-2", overrides=["fit.epochs=3"])
    assert not folder.owns(1)
    keep_best(folder, _NoneIsBest(again.trials), SweepConfig.model_validate({**asked["sweep"], "keep": 1}))  # type: ignore[arg-type]
    assert all((run.path / "model.keras").is_file() for run in folds_of(again, 1))

    theirs = dlcli.train(resume=other / "trial-0001" / "fold-1", overrides=["fit.epochs=3"])
    with pytest.raises(RunError, match=r"fold-1 was gone on with by itself: its fit\.epochs is 3, and 2 here"):
        dlcli.sweep(asked, run_dir=other)
    assert Run(theirs.path).epochs == 3


class _NoneIsBest:
    """A study all of whose trials are to be stripped."""

    def __init__(self, trials: Sequence[TrialResult]) -> None:
        self._trials = trials

    def results(self) -> Sequence[TrialResult]:
        return self._trials

    def best(self) -> Sequence[TrialResult]:
        return []


def test_the_pruner_looks_after_each_fold(data: Path, tmp_path: Path) -> None:
    pruner = {"ThresholdPruner": {"upper": 1e-9, "n_warmup_steps": 2}}
    outcome = dlcli.sweep(config(data, trials=1, pruner=pruner), run_dir=tmp_path / "s")
    (trial,) = outcome.trials
    assert (trial.result.state, trial.result.folds) == ("pruned", 2)
    run = Run(outcome.path / "trial-0001")
    assert run.record["trial"]["pruned"]
    assert run.status == "interrupted"
    assert not (run.path / "fold-3").exists()
    with pytest.raises(RunError) as refusal:
        dlcli.cross_validate(resume=run)
    assert str(run.path / "config.yaml") in refusal.value.problems[0].hint


def test_a_pruner_that_compares_folds_is_told_each_and_others_the_mean_so_far(swept: SweepOutcome) -> None:
    from dlcli.sweeps.fold_trial import _Judge

    class Asked:
        def report(self, step: int, value: float) -> bool:
            told.append((step, value))
            return False

    runs = folds_of(swept, 1)
    own = [run.history["val_mae"][run.model_epoch - 1] for run in runs]
    for pruner, expected in (("WilcoxonPruner", own), ("MedianPruner", [np.mean(own[: n + 1]) for n in range(3)])):
        told: list[tuple[int, float]] = []
        section = SweepConfig.model_validate({"space": {"a": [1]}, "folds": 3, "metric": "val_mae", "pruner": pruner})
        assert _Judge(Asked(), section, prunes=True)(runs)  # type: ignore[arg-type]
        assert [step for step, _ in told] == [1, 2, 3]
        assert np.allclose([value for _, value in told], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"data": {"fold": {"number": 1, "of": 2}}}, "data.fold"),
        ({"data": {"validation": "other.csv"}}, "sweep.folds"),
        ({"sweep": {"space": {"data.validation": [0.1, 0.2]}}}, 'sweep.space."data.validation"'),
        ({"sweep": {"folds": 1}}, "sweep.folds"),
        ({"sweep": {"metric": "val_accuracy"}}, "sweep.metric"),
    ],
)
def test_what_cannot_be_folded_is_told_before_anything_is_trained(
    changes: dict[str, dict[str, Any]], path: str, data: Path
) -> None:
    asked = config(data)
    for section, values in changes.items():
        asked[section] = {**asked[section], **values}
    if "validation" in asked["data"]:
        asked["data"]["validation"] = str(data.with_name("other.csv"))
    with pytest.raises(ConfigError) as refusal:
        dlcli.check(asked, fast=True)
    assert [problem.path for problem in refusal.value.problems] == [path]


def test_train_has_no_folds_to_validate_on(data: Path, tmp_path: Path) -> None:
    dlcli.check(config(data), fast=True)
    with pytest.raises(ConfigError) as refusal:
        dlcli.train(config(data), run_dir=tmp_path / "r")
    assert refusal.value.problems[0].path.startswith("callbacks[0]")
