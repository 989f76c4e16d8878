"""`dlcli reproduce`: a run trains again from its own directory, with the numbers that it has."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlcli
from dlcli.cli.main import main
from dlcli.errors import ConfigError, DlcliError, ModelError, RunError
from dlcli.jobs.reproducing import Reproduction
from dlcli.runs.claiming import exclusive
from dlcli.runs.layout import RunDirectory, write_json
from dlcli.training.events import EpochStarted, Event
from dlcli.training.guards.interruption import StopTraining

pytestmark = pytest.mark.tensorflow

CODE = """
import keras


class Scaled(keras.layers.Layer):
    def call(self, x):
        return 0.5 * x

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return super().get_config()
"""

EARLY = {"EarlyStopping": {"monitor": "val_loss", "patience": 1, "min_delta": 0.05, "restore_best_weights": True}}


def job(folder: Path, **sections: Any) -> dict[str, Any]:
    """Two classes of 80 points, with dropout, so that every draw counts."""
    draw = np.random.default_rng(3)
    table = draw.normal(size=(80, 2)).round(3)
    lines = [f"{a},{b},{'high' if a + b > 0 else 'low'}" for a, b in table]
    (folder / "rows.csv").write_text("a,b,kind\n" + "\n".join(lines) + "\n")
    (folder / "own.py").write_text(CODE)
    return {
        "seed": 11,
        "data": {"train": str(folder / "rows.csv"), "validation": 0.2, "test": 0.1, "target": "kind", "batch_size": 8},
        "model": {"layers": ["Scaled", {"Dense": {"units": 8}}, {"Dropout": {"rate": 0.3}}, {"Dense": {"units": 2}}]},
        "fit": {"epochs": 6},
        "report": False,
        "code": [str(folder / "own.py")],
        **sections,
    }


def reproduce(run: Path | dlcli.Run, **options: Any) -> Reproduction:
    """A run is trained again; a folder of several would give more."""
    found = dlcli.reproduce(run, **options)
    assert isinstance(found, Reproduction)
    return found


def content(run: Path) -> dict[str, bytes]:
    """All files below a directory."""
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def stopping(epoch: int) -> Callable[[Event], None]:
    """A listener that ends a training as Ctrl-C does."""

    def listen(event: Event) -> None:
        if isinstance(event, EpochStarted) and event.epoch == epoch:
            raise StopTraining

    return listen


def edit(run: Path, **changes: Any) -> None:
    """Change a record."""
    record = RunDirectory(run).read_json(run / "run.json")
    write_json(run / "run.json", {**record, **changes})


@pytest.mark.parametrize(
    "callbacks",
    [pytest.param([], marks=pytest.mark.soak), [EARLY, {"ModelCheckpoint": {"filepath": "{epoch}"}}]],
    ids=len,
)
def test_a_whole_run(callbacks: list[Any], tmp_path: Path) -> None:
    run = dlcli.train(job(tmp_path, callbacks=callbacks), run_dir=tmp_path / "run")
    before = content(tmp_path)
    found = reproduce(run, allow_code=True)
    assert found.same
    assert (found.epochs, found.differences, found.not_compared, found.directory) == (run.epochs, (), "", None)
    assert found.problem() is None
    before = {name: value for name, value in before.items() if "__pycache__" not in name}
    assert {name: value for name, value in content(tmp_path).items() if "__pycache__" not in name} == before


@pytest.mark.soak
def test_a_run_that_was_moved_and_whose_config_is_gone(tmp_path: Path) -> None:
    """And what is trained again is a run like others, where it is asked for."""
    dlcli.train(job(tmp_path), run_dir=tmp_path / "run")
    (tmp_path / "own.py").unlink()
    (tmp_path / "elsewhere").mkdir()
    moved = (tmp_path / "run").rename(tmp_path / "elsewhere" / "run")
    first = reproduce(moved, run_dir=tmp_path / "again", allow_code=True)
    assert first.same
    assert first.directory == tmp_path / "again"
    assert dlcli.Run(tmp_path / "again").status == "completed"
    assert reproduce(tmp_path / "again", allow_code=True).same
    with pytest.raises(RunError, match="exists already"):
        reproduce(moved, run_dir=tmp_path / "again", allow_code=True)


def test_an_interrupted_run(tmp_path: Path) -> None:
    """1,200 updates are planned: by the config, and not by the epochs that were trained, XLA is chosen."""
    config = job(tmp_path, fit={"epochs": 200})
    run = dlcli.train(config, run_dir=tmp_path / "run", listener=stopping(4))
    assert (run.status, run.epochs) == ("interrupted", 3)
    found = reproduce(run, run_dir=tmp_path / "again", allow_code=True)
    assert found.same
    assert (found.epochs, found.not_compared) == (3, "")
    assert dlcli.Run(tmp_path / "again").epochs == 3


@pytest.mark.soak
def test_a_killed_run(tmp_path: Path) -> None:
    run = dlcli.train(job(tmp_path), run_dir=tmp_path / "run")
    (run.path / "model.keras").unlink()
    edit(run.path, status="running", metrics={}, epochs=0)
    run_file = run.path / "history.csv"
    run_file.write_text("".join(run_file.read_text().splitlines(keepends=True)[:4]))
    found = reproduce(run, allow_code=True)
    assert found.same
    assert found.epochs == 3
    assert "model.keras missing" in found.not_compared


@pytest.mark.soak
def test_a_run_that_failed_fails_again(tmp_path: Path) -> None:
    config = job(tmp_path, compile={"optimizer": {"SGD": {"learning_rate": 1e30}}, "loss": "categorical_crossentropy"})
    config["model"]["layers"][-1] = {"Dense": {"units": 2, "activation": "softmax", "kernel_regularizer": "l2"}}
    with pytest.raises(ModelError):
        dlcli.train(config, run_dir=tmp_path / "run")
    found = reproduce(tmp_path / "run", allow_code=True)
    assert found.same
    assert found.epochs == 1


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, whose files each test puts back."""
    folder = tmp_path_factory.mktemp("trained")
    dlcli.train(job(folder), run_dir=folder / "run")
    return folder


@pytest.fixture
def folder(trained: Path) -> Any:
    """That folder, put back as it was afterwards."""
    before = content(trained)
    yield trained
    for name, value in before.items():
        (trained / name).write_bytes(value)


@pytest.mark.soak
def test_other_data_is_named(folder: Path) -> None:
    lines = (folder / "rows.csv").read_text().splitlines(keepends=True)
    (folder / "rows.csv").write_text("".join([*lines[:-1], "5.5,5.5,low\n"]))
    found = reproduce(folder / "run", allow_code=True)
    assert not found.same
    assert [each.what for each in found.differences] == ["data.train[0]"]
    problem = found.problem()
    assert problem is not None
    assert problem.rule == "not-reproduced"
    assert "data.train[0]" in problem.hint
    assert {each.name for each in found.history} >= {"loss", "val_loss"}
    assert found.weights is not None
    assert found.weights.absolute > 0


def test_other_code_is_named(folder: Path) -> None:
    file = folder / "run" / "code" / "own.py"
    file.write_text(file.read_text().replace("0.5", "0.25"))
    found = reproduce(folder / "run", allow_code=True)
    assert not found.same
    assert [each.what for each in found.differences] == ["code/own.py"]


def test_numbers_of_one_epoch_and_of_the_end(folder: Path) -> None:
    record = dlcli.Run(folder / "run").record
    loss = record["metrics"]["test"]["loss"]
    record["metrics"]["test"]["loss"] = loss + 0.5
    edit(folder / "run", metrics=record["metrics"], versions={**record["versions"], "keras": "3.0.0"})
    lines = (folder / "run" / "history.csv").read_text().splitlines()
    cells = lines[3].split(",")
    cells[3] = repr(float(cells[3]) + 1)
    (folder / "run" / "history.csv").write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:]]) + "\n")
    found = reproduce(folder / "run", allow_code=True)
    ((history,), (metric,)) = (found.history, found.metrics)
    assert (history.epoch, history.worst) == (3, 3)
    assert history.absolute == pytest.approx(1)
    assert metric.name == "test.loss"
    assert metric.absolute == pytest.approx(0.5)
    assert found.weights is None
    assert [(each.what, each.before) for each in found.differences] == [("versions.keras", "3.0.0")]


def run_program(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dlcli", "reproduce", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def lengthen(run: Path) -> None:
    """Let a run say that it had an epoch more."""
    history = run / "history.csv"
    history.write_text(history.read_text() + "7,0.1,1.0,0.5,0.5,0.5,0.5\n")


@pytest.mark.soak
def test_the_command_in_json(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    lengthen(folder / "run")
    assert run_program(monkeypatch, str(folder / "run"), "--json", "--allow-code") == 1
    document = json.loads(capfd.readouterr().out)
    assert (document["same"], document["epochs"]) == (False, 7)
    assert [each["rule"] for each in document["problems"]] == ["not-reproduced"]


@pytest.mark.parametrize("same", [pytest.param(True, marks=pytest.mark.soak), False])
def test_the_command(
    same: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if not same:
        lengthen(folder / "run")
    assert run_program(monkeypatch, str(folder / "run"), "--quiet", "--allow-code") == (0 if same else 1)
    out, err = capfd.readouterr()
    assert ("reproduced: the numbers of 6 epochs are the same, and the weights bit for bit" in out) == same
    assert ("differs from epoch" in out) != same
    assert ("its numbers differ from epoch 7 on" in err) != same


def refused(run: Path, kind: type[DlcliError]) -> str:
    with pytest.raises(kind) as error:
        reproduce(run, allow_code=True)
    return error.value.problems[0].rule


def test_what_cannot_be_trained_again(folder: Path, tmp_path: Path) -> None:
    beside = sorted(folder.iterdir())
    run = folder / "run"
    assert refused(tmp_path / "none", RunError) == "run-missing"
    edit(run, status="running")
    with exclusive(RunDirectory(run)):
        assert refused(run, RunError) == "run-busy"
    (folder / "rows.csv").unlink()
    assert refused(run, ConfigError) == "file-not-found"
    (run / "history.csv").unlink()
    assert refused(run, RunError) == "run-incomplete"
    (run / "config.yaml").write_text((run / "config.yaml").read_text().replace("code/own.py", str(folder / "own.py")))
    (run / "history.csv").write_text("epoch,loss\n1,0.5\n")
    assert refused(run, RunError) == "run-unsafe"
    assert sorted(path for path in folder.iterdir()) == [path for path in beside if path.name != "rows.csv"]
