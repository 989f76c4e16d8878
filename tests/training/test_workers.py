"""Several processes that train one model give the history and the weights of one."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml

import dlcli
from dlcli.errors import ModelError
from dlcli.jobs.workers.crew import begin_again, go_on_with_first
from dlcli.jobs.workers.task import Task
from dlcli.runs.layout import RunDirectory
from dlcli.runs.run import Run
from dlcli.training.events import Notice

ROWS = 150
"""Not divided by the batch, nor the last batch by two."""

OWN = ("epoch", "seconds", "rows_per_second")

MLP = [
    {"Dense": {"units": 16, "activation": "relu", "kernel_regularizer": {"L2": {"l2": 0.01}}}, "inputs": "x"},
    {"Dense": {"units": 8, "activation": "tanh", "activity_regularizer": {"L1": {"l1": 0.01}}}, "name": "flat"},
]
CNN = [
    {"Conv2D": {"filters": 4, "kernel_size": 3, "activation": "relu"}, "inputs": "picture"},
    "BatchNormalization",
    {"Flatten": None, "name": "seen"},
]
LSTM = [
    {"Masking": {"mask_value": 0.0}, "inputs": "steps"},
    {"LSTM": {"units": 5}, "name": "heard"},
]
DEEP = [*LSTM[:1], {"LSTM": {"units": 6, "return_sequences": True}}, "BatchNormalization", *LSTM[1:]]
ALL = [*MLP, *CNN, *LSTM, {"Concatenate": None, "inputs": ["flat", "seen", "heard"]}]
CLASSES = {"Dense": {"units": 3, "activation": "softmax"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows with vectors, pictures, steps of several lengths, classes and weights."""
    folder = tmp_path_factory.mktemp("workers")
    random = np.random.default_rng(5)
    x = random.normal(size=(ROWS, 6)).astype("float32")
    steps = random.normal(size=(ROWS, 7, 3)).astype("float32")
    for row, length in enumerate(random.integers(1, 8, ROWS)):
        steps[row, length:] = 0
    np.savez(
        folder / "rows.npz",
        x=x,
        picture=random.normal(size=(ROWS, 6, 6, 1)).astype("float32"),
        steps=steps,
        y=(x[:, 0] * x[:, 1] > 0).astype("int64") + (x[:, 2] > 1),
        weight=random.uniform(0.5, 2, ROWS).astype("float32"),
    )
    return folder


def config(folder: Path, layers: list[Any], features: list[str], **sections: Any) -> dict[str, Any]:
    """A config whose data does not divide evenly, of everything that is to be the same on several workers."""
    return {
        "data": {
            "train": str(folder / "rows.npz"),
            "validation": 0.3,
            "features": {name: {"type": "number", "scale": "none"} for name in features},
            "target": {"y": {"type": "category"}},
            "sample_weight": "weight",
            "batch_size": 16,
        },
        "model": {"layers": [*layers, CLASSES]},
        "compile": {
            "optimizer": {"Adam": {"learning_rate": 0.01, "global_clipnorm": 1.0}},
            "metrics": ["accuracy", "AUC"],
        },
        "fit": {"epochs": 3, "class_weight": "balanced"},
        "callbacks": [{"ReduceLROnPlateau": {"monitor": "val_loss", "patience": 1}}],
        "report": False,
        **sections,
    }


def history(run: Run) -> list[dict[str, float]]:
    with (run.path / "history.csv").open() as file:
        return [{name: float(row[name]) for name in row if name not in OWN} for row in csv.DictReader(file)]


def require_equal(one: Run, several: Run) -> None:
    """The same numbers, but for the order in which they are summed."""
    rows, others = history(one), history(several)
    assert len(rows) == len(others)
    for row, other in zip(rows, others, strict=True):
        assert other == pytest.approx(row, rel=1e-5, abs=1e-7)
    for weights, others_weights in zip(_weights(one), _weights(several), strict=True):
        np.testing.assert_allclose(others_weights, weights, rtol=1e-3, atol=1e-5)
    assert {**several.metrics("validation")} == pytest.approx({**one.metrics("validation")}, rel=1e-5)


def _weights(run: Run) -> list[Any]:
    return [np.asarray(each) for each in keras.models.load_model(run.path / "model.keras").weights]


def both(config: Mapping[str, Any], folder: Path, workers: int = 2) -> tuple[Run, Run]:
    """The run of one process, and that of several."""
    one = dlcli.train(config, run_dir=folder / "one", cache_dir=folder / "cache")
    overrides = {"runtime.workers": workers}
    several = dlcli.train(config, overrides=overrides, run_dir=folder / "several", cache_dir=folder / "cache")
    return one, several


FATE = """
import os
import pathlib
import signal
import keras

class Fate(keras.callbacks.Callback):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1 and len(list(pathlib.Path(self.folder).iterdir())) < 2:
            os.close(os.open(f"{self.folder}/{os.getpid()}", os.O_CREAT))
            if len(list(pathlib.Path(self.folder).iterdir())) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
"""
"""Ends the second process that comes to the second epoch, once."""


def test_two_workers_give_what_one_gives(folder: Path, tmp_path: Path) -> None:
    """An MLP and a CNN at once: regularizers, weights, batch statistics, a last batch of nine; the soak has masks."""
    followed = {"fit": {"epochs": 2, "class_weight": "balanced"}, "tracking": {"jsonl": "events.jsonl"}}
    layers = [*MLP, *CNN, {"Concatenate": None, "inputs": ["flat", "seen"]}]
    one, two = both(config(folder, layers, ["x", "picture"], **followed), tmp_path)
    require_equal(one, two)
    told = [json.loads(line)["event"] for line in (two.path / "events.jsonl").read_text().splitlines()]
    assert told == ["begin", "epoch", "epoch", "end"]  # by the first worker alone
    assert two.status == "completed"
    assert two.record["workers"] == 2
    assert {path.name for path in two.path.iterdir()} == {path.name for path in one.path.iterdir()}


@pytest.mark.parametrize(
    ("status", "committed", "commits", "resumed", "overwrite"),
    [
        ("failed", True, True, True, False),
        ("failed", False, True, True, False),  # its beginning is gone on with
        ("failed", False, False, False, True),
        ("completed", True, True, False, False),
        (None, False, True, False, False),
    ],
)
def test_what_a_lost_attempt_has_left_is_gone_on_with(
    status: str | None, committed: bool, commits: bool, resumed: bool, overwrite: bool, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    if status is not None:
        (run / "checkpoints").mkdir(parents=True)
        record = {"format": 1, "status": status, "versions": {"dlcli": "1"}}
        (run / "run.json").write_text(json.dumps(record))
    if committed:
        (run / "checkpoints" / "epoch-000001").mkdir()
    before = Task({"seed": 1}, overrides=["seed=2"], run_dir=run)
    again = begin_again(before, run, commits=commits)
    assert (again.resume == run) is resumed
    assert again.overwrite is overwrite
    assert again.allow_code is resumed  # the code is that of the config
    assert (again.config is None) is resumed
    assert again.overrides == (() if resumed else before.overrides)


def test_what_a_worker_may_run_it_may_run_when_the_first_begins_again(tmp_path: Path) -> None:
    """Of code that the run before has kept of the config, and of no other."""
    own, run = tmp_path / "own.py", tmp_path / "run"
    own.write_text("ONE = 1\n")
    (run / "code").mkdir(parents=True)
    kept = run / RunDirectory(run).keep_code([str(own)])[0]
    told, by_run = Task({"seed": 1}), Task(None, resume=tmp_path / "other")
    assert go_on_with_first(told, run, [str(own)]).allow_code
    assert go_on_with_first(told, run, [str(own)]).resume == run
    assert not go_on_with_first(by_run, run, [str(own)]).allow_code
    assert go_on_with_first(dataclasses.replace(by_run, allow_code=True), run, []).allow_code
    kept.with_name("numpy.py").write_text("")  # its imports would find it
    assert not go_on_with_first(told, run, [str(own)]).allow_code
    kept.with_name("numpy.py").unlink()
    kept.write_text("ONE = 2\n")
    assert not go_on_with_first(told, run, [str(own)]).allow_code


@pytest.mark.soak
@pytest.mark.parametrize("checkpoint", [{"every": 1}, {"every": 3}, False])
def test_a_killed_worker_is_replaced_from_the_last_commit(
    checkpoint: dict[str, int] | bool, folder: Path, tmp_path: Path
) -> None:
    """From the beginning, where there is no commit yet, or none is made."""
    (tmp_path / "fate.py").write_text(FATE)
    (tmp_path / "met").mkdir()
    whole = config(folder, ALL, ["x", "picture", "steps"], checkpoint=checkpoint)
    one = dlcli.train(whole, run_dir=tmp_path / "one", cache_dir=tmp_path / "cache")
    notices: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, Notice) and event.problem.rule == "worker-lost":
            notices.append(event.problem.message)

    fated = {"Fate": {"folder": str(tmp_path / "met")}}
    two = dlcli.train(
        {**whole, "code": [str(tmp_path / "fate.py")], "callbacks": [*whole["callbacks"], fated]},
        overrides={"runtime.workers": 2, "runtime.restarts": 1},
        run_dir=tmp_path / "two",
        cache_dir=tmp_path / "cache",
        listener=listen,
    )
    require_equal(one, two)
    (notice,) = notices
    assert "was ended by SIGKILL" in notice
    assert "begins again" in notice
    assert two.status == "completed"
    assert two.record["workers"] == 2
    assert sorted(path.name for path in two.path.iterdir()) == sorted(
        [*(path.name for path in one.path.iterdir()), "code"]
    )


@pytest.mark.soak
@pytest.mark.parametrize(
    ("layers", "features", "workers"),
    [(MLP, ["x"], 3), (CNN, ["picture"], 2), (DEEP, ["steps"], 2)],
    ids=["mlp", "cnn", "lstm"],
)
def test_each_network_by_itself(
    folder: Path, tmp_path: Path, layers: list[Any], features: list[str], workers: int
) -> None:
    """Also where the last batch has fewer rows than there are workers: one of 105 is left."""
    rows = {"batch_size": 8} if workers == 3 else {"batch_size": 26}
    base = config(folder, layers, features)
    require_equal(*both({**base, "data": {**base["data"], **rows}}, tmp_path, workers))


@pytest.mark.soak
def test_dropout_is_drawn_apart_and_again_alike(folder: Path, tmp_path: Path) -> None:
    base = config(folder, [*MLP, {"Dropout": {"rate": 0.5}}], ["x"], runtime={"workers": 2})
    first = dlcli.train(base, run_dir=tmp_path / "first", cache_dir=tmp_path / "cache")
    again = dlcli.train(base, run_dir=tmp_path / "again", cache_dir=tmp_path / "cache")
    assert history(first) == history(again)


@pytest.mark.soak
def test_a_layer_that_mixes_rows_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import keras\n\nclass Centred(keras.layers.Layer):\n    def call(self, x):\n"
        "        return x - keras.ops.mean(x, axis=0, keepdims=True)\n"
    )
    own = {"code": [str(tmp_path / "own.py")], "runtime": {"workers": 2}}
    with pytest.raises(ModelError, match="depends on the others") as caught:
        dlcli.train(
            config(folder, [{"Centred": None, "inputs": "x"}, *MLP[1:]], ["x"], **own), run_dir=tmp_path / "run"
        )
    assert caught.value.problems[0].path == "runtime.workers"


def _program(*arguments: str, folder: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dlcli", *arguments],
        cwd=folder,
        env={**os.environ, "DLCLI_CACHE_DIR": str(folder / "cache"), **environment},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _commands(page: str) -> Iterator[tuple[str, list[dict[str, str]], list[str]]]:
    """What the page on workers says for several machines: by whom, the variables of each, and what each is called."""
    found = re.findall(r"dlcli (train config\.yaml .*--workers 2.*?)(?:\"\]|$)", page, re.MULTILINE)
    by_rank = [each for each in found if "--rank 0" in each or "--rank 1" in each]
    yield "by rank", [{}, {}], by_rank[:2]
    slurm = {"SLURM_NTASKS": "2", "SLURM_JOB_NODELIST": "localhost", "SLURM_JOB_ID": "407"}
    (alone,) = [each for each in found if each.endswith("--workers 2 --run-dir runs/big")]
    yield "slurm", [{**slurm, "SLURM_PROCID": str(rank)} for rank in range(2)], [alone] * 2
    (pod,) = [each for each in found if "$JOB_COMPLETION_INDEX" in each]
    yield "kubernetes", [{}, {}], [pod.replace("$JOB_COMPLETION_INDEX", str(rank)) for rank in range(2)]
    (cluster,) = re.findall(r"TF_CONFIG='(.*)' dlcli train config.yaml --workers 2", page)
    ranks = [cluster, cluster.replace('"index": 0', '"index": 1')]
    yield "tensorflow", [{"TF_CONFIG": _here(rank)} for rank in ranks], ["train config.yaml --workers 2"] * 2


def _here(text: str) -> str:
    """A command for machines that are all this one."""
    return re.sub(r"node[12](?=:)|train-0\.train", "localhost", text).replace("/shared/", "")


@pytest.mark.soak
def test_the_commands_of_the_page(folder: Path, tmp_path: Path, project: Path) -> None:
    """Each gives the numbers of one process; and the run goes on with one."""
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config(folder, MLP, ["x"])))
    one = dlcli.train(tmp_path / "config.yaml", run_dir=tmp_path / "one")
    for name, variables, commands in _commands((project / "docs" / "workers.md").read_text(encoding="utf-8")):
        workers = [
            _program(*_here(command).split(), folder=tmp_path, **each)
            for command, each in zip(commands, variables, strict=True)
        ]
        said = [worker.communicate(timeout=300)[1] for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0], (name, said)
        assert "worker 1 of 2 has done its part" in said[1]
        (run,) = [*tmp_path.glob("runs/*"), *tmp_path.glob("big")]
        require_equal(one, Run(run))
        shutil.rmtree(run)


@pytest.mark.soak
def test_an_interrupted_run_goes_on_with_another_number_of_workers(folder: Path, tmp_path: Path) -> None:
    whole = config(folder, ALL, ["x", "picture", "steps"], fit={"epochs": 40})
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(whole))
    one = dlcli.train(tmp_path / "config.yaml", run_dir=tmp_path / "one")
    program = _program("train", "config.yaml", "--workers", "2", "--run-dir", "two", folder=tmp_path)
    assert program.stderr is not None
    for line in program.stderr:
        if line.startswith("epoch 3/"):
            program.send_signal(signal.SIGTERM)
            break
    program.communicate(timeout=120)
    assert program.returncode == 75
    assert Run(tmp_path / "two").status == "interrupted"
    two = dlcli.train(resume=tmp_path / "two", overrides={"runtime.workers": 1})
    assert two.status == "completed"
    assert len(history(two)) == len(history(one))
    assert history(two)[2] == pytest.approx(history(one)[2], rel=1e-5)
