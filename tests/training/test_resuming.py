"""A run that was interrupted and goes on ends as the one that never was: the same weights, the same history."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.errors import ModelError, RunError
from dlcli.runs.run import Run
from dlcli.training.events import EpochEnded, EpochStarted, Event, Notice

ROWS, EPOCHS = 90, 8

COUNTER = """
import collections
import random
import keras
import numpy as np
import tensorflow as tf

class Noise:
    def __init__(self):
        self.own, self.drawn, self.label = np.random.default_rng(3), collections.deque(maxlen=2), str.upper

    def draw(self):
        self.drawn.append(self.own.normal() + float(tf.random.uniform([])))
        return sum(self.drawn)

class Counter(keras.callbacks.Callback):
    def __init__(self, name="counted"):
        super().__init__()
        self.name, self.count, self.seen, self.best = name, 0, [], {"loss": None}
        self.noise, self.mean, self.sum = Noise(), keras.metrics.Mean(), tf.Variable(0.0)
        self.dice, self.groups, self.tensor = random.Random(5), collections.defaultdict(list), tf.constant(0.0)
        self.schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.9)

    def on_train_begin(self, logs=None):
        self.trend = np.zeros(2)

    def on_epoch_end(self, epoch, logs=None):
        self.count += 1
        self.trend = self.trend * 0.5 + logs["loss"]
        self.seen.append((epoch, random.random(), float(np.random.rand())))
        self.mean.update_state(self.noise.draw())
        self.sum.assign_add(self.dice.random())
        self.groups[self.count % 2].append(self.count)
        self.tensor = self.tensor * 0.5 + self.sum
        self.schedule.decay_rate *= 0.9
        logs["objects"] = float(self.mean.result() + self.tensor + self.schedule(2)) + len(self.groups[1])
        self.best["loss"] = min(logs["loss"], self.best["loss"] or 1e9)
        logs["counted"] = self.count + self.trend[0] + sum(draw[1] for draw in self.seen) + self.seen[-1][2]
        logs["epochs_of_keras"] = len(self.model.history.epoch)
"""


def dense(execution: str, **more: Any) -> dict[str, Any]:
    """A network with all that has a state: averages of batches, random layers, moments of an optimizer."""
    return {
        "data": {"train": "rows.csv", "validation": 0.3, "target": "y", "batch_size": 16},
        "model": {
            "layers": [
                {"Dense": {"units": 8, "activation": "relu"}},
                "BatchNormalization",
                {"Dropout": {"rate": 0.3}},
                {"Dense": {"units": 1}},
            ]
        },
        "fit": {"epochs": EPOCHS},
        "checkpoint": {"every": 1},
        "runtime": {"execution": execution},
        "report": False,
        **more,
    }


SCHEDULE = {"ExponentialDecay": {"initial_learning_rate": 0.05, "decay_steps": 3, "decay_rate": 0.8}}

PHASES = [
    {"epochs": 2, "freeze": ["first", "inner"], "learning_rate": 0.05},
    {"epochs": 4, "unfreeze": ["inner.second"], "optimizer": {"SGD": {"learning_rate": 0.01, "momentum": 0.9}}},
    {"epochs": 2, "unfreeze": ["*"], "freeze": ["inner.third"]},
]
"""The second is ended by a callback; the others by their epochs."""


def phased(execution: str, **more: Any) -> dict[str, Any]:
    """The same in phases: each begins with an optimizer of its own, and callbacks of the config begin anew."""
    inner = [{"Dense": {"units": 6}, "name": "second"}, {"BatchNormalization": {}, "name": "third"}]
    layers = [
        {"Dense": {"units": 8, "activation": "relu"}, "name": "first"},
        {"layers": inner, "name": "inner"},
        {"Dropout": {"rate": 0.3}},
        {"Dense": {"units": 1}},
    ]
    callbacks = [
        {"EarlyStopping": {"monitor": "val_loss", "patience": 2, "min_delta": 9.0, "restore_best_weights": True}},
        {"ModelCheckpoint": {"filepath": "best.weights.h5", "save_best_only": True, "save_weights_only": True}},
        {"CSVLogger": {"filename": "log.csv"}},
        "Counter",
    ]
    config = dense(execution, model={"layers": layers}, code=["counter.py"], fit={"phases": PHASES})
    return {**config, "callbacks": callbacks, **more}


STOPPING = {"EarlyStopping": {"monitor": "loss", "patience": 1, "min_delta": 9.0, "restore_best_weights": True}}

CASES: Mapping[str, Mapping[str, Any]] = {
    "callbacks of Keras": dense(
        "graph",
        compile={"optimizer": {"Adam": {"learning_rate": 0.2}}},
        callbacks=[
            {"EarlyStopping": {"monitor": "val_loss", "patience": 3, "restore_best_weights": True}},
            {"ReduceLROnPlateau": {"monitor": "val_loss", "patience": 1, "factor": 0.3, "cooldown": 1}},
            {"ModelCheckpoint": {"filepath": "best.weights.h5", "save_best_only": True, "save_weights_only": True}},
            {"CSVLogger": {"filename": "log.csv"}},
        ],
    ),
    "own callback, averaged weights, xla": dense(
        "xla",
        compile={"optimizer": {"AdamW": {"learning_rate": 0.01, "use_ema": True, "ema_overwrite_frequency": 7}}},
        code=["counter.py"],
        callbacks=["Counter"],
        fit={"epochs": EPOCHS, "validation_freq": 2},
    ),
    "phases": phased("graph"),
    "phases that end early, xla": phased("xla", callbacks=[STOPPING, "Counter"]),
    "recurrent dropout, a schedule, step": dense(
        "step",
        compile={"optimizer": {"SGD": {"learning_rate": SCHEDULE, "momentum": 0.9}}},
        model={
            "layers": [
                {"Reshape": {"target_shape": [4, 1]}},
                {"LSTM": {"units": 5, "dropout": 0.2, "recurrent_dropout": 0.3}},
                {"GaussianNoise": {"stddev": 0.1}},
                {"Dense": {"units": 1}},
            ]
        },
    ),
}


@pytest.fixture(autouse=True)
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data, the code, and a place to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "cache"))
    numbers = np.random.default_rng(3).normal(size=(ROWS, 4))
    target = numbers @ [1.0, -2.0, 0.5, 0.0] + np.random.default_rng(4).normal(size=ROWS)
    lines = [",".join(map(repr, [*map(float, row), float(y)])) for row, y in zip(numbers, target, strict=True)]
    Path("rows.csv").write_text("\n".join(["a,b,c,d,y", *lines]))
    Path("counter.py").write_text(COUNTER)


def interrupting(*when: tuple[type, int]) -> Callable[[Event], None]:
    """A listener that sends the process Ctrl-C at such an event of such an epoch."""

    def listen(event: Event) -> None:
        if isinstance(event, (EpochStarted, EpochEnded)) and (type(event), event.epoch) in when:
            os.kill(os.getpid(), signal.SIGINT)

    return listen


def told(**arguments: Any) -> list[str]:
    """Resume, and hear what is said."""
    said: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Notice):
            said.append(event.problem.message)

    dlcli.train(**arguments, listener=listen)
    return said


def history(run: Run) -> list[dict[str, str]]:
    """The epochs, times aside."""
    text = (run.path / "history.csv").read_text()
    times = ("seconds", "rows_per_second")
    return [
        {name: cell for name, cell in row.items() if name not in times} for row in csv.DictReader(io.StringIO(text))
    ]


def weights(file: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The numbers in a file of Keras's."""
    import h5py

    content = file.read_bytes()
    if file.suffix == ".keras":
        with zipfile.ZipFile(file) as archive:
            content = archive.read("model.weights.h5")
    found: dict[str, np.ndarray[Any, Any]] = {}
    with h5py.File(io.BytesIO(content)) as opened:
        opened.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def same(file: Path, other: Path) -> bool:
    """Whether two files of Keras's hold the same numbers, bit for bit."""
    first, second = weights(file), weights(other)
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


SHAPES = {"phases": [1, 1, 2, 2, 2, 3, 3], "phases that end early, xla": [1, 1, 2, 2, 3, 3]}
"""The phase of each epoch."""

LONG = (
    "own callback, averaged weights, xla",
    "phases",
    "phases that end early, xla",
    "recurrent dropout, a schedule, step",
)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.soak] * (name in LONG)) for name in CASES])
def test_interrupted_or_not(name: str) -> None:
    config = CASES[name]
    whole = dlcli.train(config, run_dir="whole")
    assert whole.epochs > 4, "it is to be interrupted before its end"
    phases = [int(float(row.get("phase", "1"))) for row in history(whole)]
    assert phases == SHAPES.get(name, [1] * whole.epochs)
    part = dlcli.train(config, run_dir="part", listener=interrupting((EpochEnded, 2)))
    assert (part.status, part.epochs) == ("interrupted", 2)
    dlcli.train(resume=part, listener=interrupting((EpochStarted, 5)), allow_code=True)  # whose beginning is lost
    assert (part.status, part.epochs) == ("interrupted", 4)
    dlcli.train(resume=part, allow_code=True)
    assert (part.status, part.epochs, part.model_epoch) == ("completed", whole.epochs, whole.model_epoch)
    assert history(part) == history(whole)
    assert same(part.path / "model.keras", whole.path / "model.keras")
    for file in whole.path.glob("checkpoints/*.h5"):
        assert same(file, part.path / "checkpoints" / file.name)
    for log in whole.path.glob("log.csv"):
        assert (part.path / log.name).read_text() == log.read_text()
    assert part.final_metrics() == whole.final_metrics()
    assert [each["epoch"] for each in part.record["resumed"]] == [2, 4]
    assert len(os.listdir(part.path / "checkpoints")) == len(os.listdir(whole.path / "checkpoints"))


SMALL = dense(
    "graph",
    fit={"epochs": 3},
    code=["counter.py"],
    callbacks=["Counter"],
    model={"layers": [{"Dense": {"units": 4}}, {"Dropout": {"rate": 0.3}}, {"Dense": {"units": 1}}]},
)


def refused(run: Run | str, words: str, **overrides: Any) -> None:
    """A resume that is refused, with the way out; the run stays as it is."""
    path = Path(run)
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with pytest.raises(RunError) as caught:
        dlcli.train(
            resume=path,
            overrides={name.replace("__", "."): value for name, value in overrides.items()},
            allow_code=True,
        )
    assert any(words in problem.message for problem in caught.value.problems), caught.value
    assert all(problem.hint for problem in caught.value.problems)
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


def test_a_finished_run_goes_on_beyond_its_end_and_is_refused_where_it_would_be_another() -> None:
    whole = dlcli.train({**SMALL, "fit": {"epochs": 5}}, run_dir="whole")
    part = dlcli.train(SMALL, run_dir="part")
    assert told(resume=part, allow_code=True) == ["there is nothing to do: all 3 epochs are trained"]
    seconds = part.seconds
    dlcli.train(resume=part, overrides=["fit.epochs=5", "checkpoint.keep=2"], allow_code=True)
    assert history(part) == history(whole)
    assert same(part.path / "model.keras", whole.path / "model.keras")
    assert (part.status, part.epochs) == ("completed", 5)
    assert part.seconds > seconds
    assert sorted(os.listdir(part.path / "checkpoints")) == ["epoch-000004", "epoch-000005"]
    more = {"fit__epochs": 6}
    refused(part, "compile.optimizer", **more, compile__optimizer={"SGD": {}})
    refused(part, "seed is 4, and the run was begun with 0", **more, seed=4)
    code = part.path / "code" / "counter.py"
    code.write_text(COUNTER + "\n")
    refused(part, "counter.py has changed since the run was begun", **more)
    code.write_text(COUNTER)
    data = Path("rows.csv").read_text()
    Path("rows.csv").write_text(data.replace("1", "2", 1))
    refused(part, "rows.csv has changed since the run was begun", **more)
    Path("rows.csv").unlink()
    refused(part, "rows.csv, is gone", **more)
    Path("rows.csv").write_text(data)
    link = part.path / "log.csv"
    link.symlink_to("/dev/null")
    refused(part, "is a symbolic link", **more)
    link.unlink()
    config = (part.path / "config.yaml").read_text()
    (part.path / "config.yaml").write_text(config.replace("rate: 0.3", "rate: 0.4"))
    refused(part, "rate is 0.4, and the run was begun with 0.3", **more)
    (part.path / "config.yaml").write_text(config)
    newest, older = (part.path / "checkpoints" / f"epoch-00000{epoch}" for epoch in (5, 4))
    (newest / "arrays.bin").write_bytes((newest / "arrays.bin").read_bytes()[:-1] + b"\0")
    notices = told(resume=part, overrides=["fit.epochs=6"], allow_code=True)
    assert "the commit of epoch 5 is damaged; the training goes on from epoch 4" in notices
    assert history(part)[:5] == history(whole)
    assert not older.exists()
    for commit in (part.path / "checkpoints").iterdir():
        (commit / "manifest.json").write_text("{}")
    refused(part, "it has no committed epoch", fit__epochs=7)


def test_files_that_a_glob_finds_since_are_not_trained_on() -> None:
    config = {**SMALL, "data": {**SMALL["data"], "train": "row*.csv"}}
    part = dlcli.train(config, run_dir="part", listener=interrupting((EpochEnded, 2)))
    Path("rows2.csv").write_text(Path("rows.csv").read_text())
    refused(part, "data.train reads other files than when the run was begun")


LOST = """
import keras
import tensorflow as tf

class Drawing(keras.layers.Layer):
    def build(self, shape):
        self.calls = tf.Variable(0.0, trainable=False)

    def call(self, x, training=False):
        self.calls.assign_add(1.0)
        return x + tf.random.uniform(tf.shape(x)) if training else x

class Writing(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.rest = iter(())

    def __init__(self):
        super().__init__()
        self.counting, self.format = (number for number in range(3)), "{}".format
"""


@pytest.mark.parametrize("execution", ["graph", pytest.param("step", marks=pytest.mark.soak)])
def test_what_a_run_that_goes_on_does_not_get_back_is_said_before_it_matters(execution: str) -> None:
    Path("lost.py").write_text(LOST)
    said: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, EpochEnded):
            said.append(f"epoch {event.epoch}")
        elif isinstance(event, Notice) and event.problem.rule in ("callback-state", "unkept-state"):
            said.append(event.problem.message.removeprefix("a run that goes on does not get back "))

    layers = ["Drawing", {"Dense": {"units": 1}}]
    config = dense(execution, code=["lost.py"], callbacks=["Writing"], model={"layers": layers}, fit={"epochs": 1})
    dlcli.train(config, run_dir="lost", listener=listen)
    draws = "where the random numbers of TensorFlow's own stand, which the layer 'drawing' draws"
    assert said[:2] == ["what Writing keeps in 'counting': a generator", draws]
    assert "what Writing keeps in 'rest': a tuple_iterator" in said
    assert any("'calls'" in each or "/Variable" in each for each in said) or execution == "step"
    assert not any("'format'" in each for each in said)


def test_a_run_whose_numbers_ended_does_not_go_on_to_where_they_do() -> None:
    growing = {"ExponentialDecay": {"initial_learning_rate": 1e-4, "decay_steps": 4, "decay_rate": 1e4}}
    runaway = dense("graph", compile={"optimizer": {"SGD": {"learning_rate": growing}}}, fit={"epochs": 30})
    with pytest.raises(ModelError, match="training has stopped"):
        dlcli.train(runaway, run_dir="part")
    (done,) = (int(each.removeprefix("epoch-")) for each in os.listdir("part/checkpoints"))
    refused("part", f"has ended because its numbers did, after epoch {done}, and would end so again")
    run = dlcli.train(resume="part", overrides={"fit.epochs": done})
    assert (run.status, run.epochs) == ("completed", done)


def test_the_model_of_before_is_named_as_such_and_what_was_measured_with_it_goes() -> None:
    part = dlcli.train(dense("graph", fit={"epochs": 2}), run_dir="part")
    dlcli.evaluate(part, "rows.csv")
    before = {file: Path(file).read_bytes() for file in ("part/model.keras", "part/model.onnx")}
    evaluations = {file: file.read_bytes() for file in Path("part/evaluations").glob("*.json")}
    assert len(evaluations) == 2
    dlcli.train(resume=part, overrides={"fit.epochs": 4})
    assert [file.name for file in Path("part/evaluations").iterdir()] == ["validation.json"]
    assert all(file.read_bytes() != content for file, content in evaluations.items() if file.exists())
    for file, content in before.items():  # as if it had been killed before the end
        Path(file).write_bytes(content)
    record = json.loads(Path("part/run.json").read_text())
    Path("part/run.json").write_text(json.dumps({**record, "status": "running", "model_epoch": 2, "portable": None}))
    said: list[str] = []

    def listen(event: Any) -> None:
        said.append(event.problem.message)

    frame = pd.read_csv("rows.csv")
    dlcli.predict(part, frame, listener=listen)
    dlcli.evaluate(part, frame, listener=listen)
    assert said == ["the model of part is that of epoch 2; the run was trained on to epoch 4, and not ended"] * 2
    with pytest.raises(RunError) as caught:
        dlcli.train(SMALL, run_dir="part")
    assert "go on with it: dlcli train --resume part" in caught.value.problems[0].hint

    def look(event: Event) -> None:
        if isinstance(event, Notice):
            raise LookupError(event.problem.rule)

    with pytest.raises(LookupError, match="could-go-on"):
        dlcli.train(SMALL, run_dir="part", overwrite=True, listener=look)


def test_before_the_first_commit_a_run_begins_again() -> None:
    config = {**SMALL, "checkpoint": {"every": "1 hour"}}
    whole = dlcli.train(config, run_dir="whole")
    part = dlcli.train(config, run_dir="part", listener=interrupting((EpochStarted, 2)))
    assert (part.status, os.listdir(part.path / "checkpoints")) == ("interrupted", [])
    dlcli.train(resume=part, allow_code=True)
    assert history(part) == history(whole)
    assert same(part.path / "model.keras", whole.path / "model.keras")


def test_without_commits_there_is_nothing_to_go_on_from() -> None:
    part = dlcli.train({**SMALL, "checkpoint": False}, run_dir="part", listener=interrupting((EpochEnded, 2)))
    refused(part, "its epochs are not committed")
    record = (part.path / "run.json").read_text()
    (part.path / "run.json").write_text(record.replace('"code":', '"other":'))
    refused(part, "committed no epochs")


def test_what_a_callback_has_ended_stays_ended() -> None:
    stop = [{"EarlyStopping": {"monitor": "loss", "min_delta": 1000, "patience": 1}}]
    part = dlcli.train(dense("graph", callbacks=stop), run_dir="part")
    epochs = part.epochs
    assert epochs < EPOCHS
    ended = f"a callback has ended the training after epoch {epochs} of {EPOCHS}, as it was to"
    assert told(resume=part, overrides={"fit.epochs": 50}, allow_code=True) == [f"there is nothing to do: {ended}"]
    record = (part.path / "run.json").read_text()
    (part.path / "run.json").write_text(record.replace('"completed"', '"running"'))  # killed before it could say so
    (part.path / "model.keras").unlink()
    dlcli.train(resume=part, allow_code=True)
    assert (part.status, part.epochs) == ("completed", epochs)
