"""What has been trained is handed over: code that Keras cannot save, layers of one batch size, ends before the time."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.errors import ConfigError, DlcliError, ModelError, Problem
from dlcli.runs.layout import RunDirectory
from dlcli.training.events import EpochEnded, Event, Notice
from dlcli.training.model_file import save_trained

CODE = '''
import keras
from keras import ops


class Plain(keras.layers.Layer):
    """No get_config: Keras can do without as long as its arguments are texts and numbers."""

    def __init__(self, initializer="zeros", regularizer=None):
        super().__init__()
        self.initializer, self.regularizer = keras.initializers.get(initializer), keras.regularizers.get(regularizer)

    def build(self, shape):
        self.scale = self.add_weight(
            shape=(shape[-1],), initializer=self.initializer, regularizer=self.regularizer, name="scale"
        )

    def call(self, x):
        return x * self.scale


class Stubborn(Plain):
    def get_config(self):
        raise NotImplementedError


class Listing(Plain):
    """Its config is none that JSON could hold."""

    def get_config(self):
        return {**super().get_config(), "owner": object()}


class Forgetful(Plain):
    """Leaves out of the file what it has learnt."""

    def save_own_variables(self, store):
        pass

    def load_own_variables(self, store):
        pass


class Draws(keras.layers.Layer):
    def __init__(self, **others):
        super().__init__(**others)
        self.seeds = keras.random.SeedGenerator(1)

    def call(self, inputs):
        return inputs + keras.random.normal(keras.ops.shape(inputs), seed=self.seeds)


class Fours(keras.layers.Layer):
    """Takes batches of exactly four rows."""

    def build(self, shape):
        self.table = self.add_weight(shape=(4, 2), initializer="zeros", trainable=False, name="table")

    def call(self, x):
        return x + self.table

    def compute_output_shape(self, shape):
        return shape


class Warm(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, rate):
        self.rate = rate

    def __call__(self, step):
        return self.rate * ops.minimum(1.0, (ops.cast(step, "float32") + 1) / 10)


class Own(keras.losses.Loss):
    def __init__(self, power):
        super().__init__()
        self.power = power

    def call(self, y, p):
        return ops.mean(ops.abs(y - p) ** self.power, -1)

    def get_config(self):
        raise NotImplementedError("nothing to tell")


class Breaking(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            raise LookupError("out of luck")


class Several(keras.metrics.MeanAbsoluteError):
    """A metric that is two numbers."""

    def result(self):
        return {"once": super().result(), "twice": 2 * super().result()}
'''

HEAD = {"Dense": {"units": 1}}
CHECKPOINT = {"ModelCheckpoint": {"filepath": "{epoch}", "monitor": "loss"}}
Config = Callable[..., dict[str, Any]]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A regression of 40 rows with two columns, split into 24, 8 and 8."""
    (tmp_path / "own.py").write_text(CODE)
    x = np.random.default_rng(0).normal(size=(40, 2)).astype("float32")
    pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": x[:, 0] - x[:, 1]}).to_csv(tmp_path / "rows.csv", index=False)

    def make(layers: list[Any], **sections: Any) -> dict[str, Any]:
        return {
            "data": {
                "train": str(tmp_path / "rows.csv"),
                "validation": 0.2,
                "test": 0.2,
                "target": {"y": {"type": "number", "scale": "none"}},
                "batch_size": 4,
            },
            "code": [str(tmp_path / "own.py")],
            "model": {"layers": layers},
            "compile": {"loss": "mse", "optimizer": "sgd"},
            "fit": {"epochs": 3},
            **sections,
        }

    return make


class Listener:
    """Remembers what it is told, and how many epochs had ended then."""

    def __init__(self) -> None:
        self.epochs = 0
        self.notices: list[tuple[int, Problem]] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded):
            self.epochs = event.epoch
        elif isinstance(event, Notice) and event.problem.rule not in ("inferred", "worse-than-mean"):
            self.notices.append((self.epochs, event.problem))

    @property
    def rules(self) -> list[tuple[int, str]]:
        return [(epoch, problem.rule) for epoch, problem in self.notices]


def record(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "run.json").read_text())
    return found


SAVED: dict[str, tuple[list[Any], dict[str, Any], str, list[str]]] = {
    "a layer with a text": ([{"Plain": {"initializer": "ones", "regularizer": "L2"}}, HEAD], {}, "model.keras", []),
    "a layer with an object": (
        [{"Plain": {"initializer": {"Constant": {"value": 2.0}}}}, HEAD],
        {},
        "model.weights.h5",
        ["saved-weights"],
    ),
    "a layer that refuses": (["Stubborn", HEAD], {}, "model.weights.h5", ["saved-weights"]),
    "a layer that JSON cannot hold": (["Listing", HEAD], {}, "model.weights.h5", ["saved-weights"]),
    "a schedule": (
        [HEAD],
        {"compile": {"loss": "mse", "optimizer": {"Adam": {"learning_rate": {"Warm": {"rate": 0.1}}}}}},
        "model.keras",
        ["saved-uncompiled"],
    ),
    "a loss": (
        [HEAD],
        {"compile": {"loss": {"Own": {"power": 2}}, "optimizer": "sgd"}},
        "model.keras",
        ["saved-uncompiled"],
    ),
}


ALIKE = ("a layer with a text", "a layer that JSON cannot hold", "a loss")
"""Each goes the way of another, and takes seconds."""


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=[pytest.mark.soak] * (kind in ALIKE)) for kind in SAVED])
def test_what_keras_cannot_save_whole_is_told_before_training_and_kept(
    kind: str, config: Config, tmp_path: Path
) -> None:
    layers, sections, file, rules = SAVED[kind]
    listener = Listener()
    run = dlcli.train(config(layers, **sections), run_dir=tmp_path / "run", listener=listener)
    assert listener.rules == [(0, rule) for rule in rules]
    assert (run.status, run.epochs, record(run.path)["model"]) == ("completed", 3, file)
    assert {"model.keras", "model.weights.h5"} & {path.name for path in run.path.iterdir()} == {file}
    again = dlcli.evaluate(run, runtime="keras", allow_code=True).metrics
    assert again["loss"] == pytest.approx(run.metrics("test")["loss"], rel=1e-5)
    warnings = [warning.rule for warning in dlcli.check(config(layers, **sections)).warnings]
    assert [rule for rule in warnings if rule.startswith("saved")] == rules


def test_what_keras_says_is_one_sentence(config: Config) -> None:
    layers = [{"Plain": {"initializer": {"Constant": {"value": 2.0}}}}, HEAD]
    (warning,) = [each for each in dlcli.check(config(layers)).warnings if each.rule == "saved-weights"]
    assert "Plain" in warning.message
    assert "class CustomLayer" not in warning.message
    assert "\n" not in warning.message


def test_a_trial_changes_nothing_of_the_training(config: Config, tmp_path: Path) -> None:
    """A model that is tried before it is trained draws the same numbers as one that is not."""
    layers = [{"Dense": {"units": 8}}, {"Dropout": {"rate": 0.5}}, {"GaussianNoise": {"stddev": 0.1}}, HEAD]
    tried = dlcli.train(config(layers), run_dir=tmp_path / "tried")
    plain = dlcli.train({**config(layers), "code": []}, run_dir=tmp_path / "plain")
    # Own code goes by `fit`, the other by whole epochs: equal to the rounding of another order of sums.
    assert tried.history["loss"] == pytest.approx(plain.history["loss"], rel=1e-5)


def test_weights_that_do_not_come_back_are_told_before_training(config: Config, tmp_path: Path) -> None:
    for job in (lambda: dlcli.check(config(["Forgetful", HEAD])), lambda: dlcli.train(config(["Forgetful", HEAD]))):
        with pytest.raises(ModelError) as error:
            job()
        assert error.value.problems[0].rule == "weights-lost"


def test_a_checkpoint_of_whole_models_needs_one_that_can_be_saved(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        dlcli.check(config(["Stubborn", HEAD], callbacks=["TerminateOnNaN", CHECKPOINT]))
    assert [(one.rule, one.path) for one in error.value.problems] == [
        ("checkpoint-whole", "callbacks[1].ModelCheckpoint")
    ]
    weights = {"ModelCheckpoint": {**CHECKPOINT["ModelCheckpoint"], "save_weights_only": True}}
    run = dlcli.train(config(["Stubborn", HEAD], callbacks=[weights]), run_dir=tmp_path / "run")
    names = sorted(path.name for path in (run.path / "checkpoints").glob("*.*"))
    assert names == [f"{epoch}.weights.h5" for epoch in (1, 2, 3)]


def test_a_checkpoint_leaves_out_the_schedule_that_cannot_be_saved(config: Config, tmp_path: Path) -> None:
    _, sections, _, _ = SAVED["a schedule"]
    run = dlcli.train(config([HEAD], **sections, callbacks=[CHECKPOINT]), run_dir=tmp_path / "run")
    assert len(list((run.path / "checkpoints").glob("*.keras"))) == 3


def test_a_layer_that_draws_at_prediction_has_no_portable_model(config: Config, tmp_path: Path) -> None:
    """A line says which layer, and how it could have one."""
    found: list[Any] = []
    dlcli.check(config(["Draws", HEAD]), listener=found.append)
    notices = {each.problem for each in found if isinstance(each, Notice)}
    (problem,) = [each for each in notices if each.rule == "not-portable"]
    assert "the layer 'draws' draws random numbers" in problem.message
    assert "training" in problem.hint
    assert len(problem.message) < 200


def test_a_layer_of_one_batch_size_is_trained_and_used(config: Config, tmp_path: Path) -> None:
    listener = Listener()
    run = dlcli.train(config(["Fours", HEAD]), run_dir=tmp_path / "run", listener=listener)
    assert listener.rules == [(0, "not-portable")]
    assert (run.status, set(run.final_metrics())) == ("completed", {"train", "validation", "test"})
    frame = pd.read_csv(tmp_path / "rows.csv")
    whole = dlcli.predict(run, frame, allow_code=True).prediction
    for count in (1, 4, 39):
        pd.testing.assert_series_equal(dlcli.predict(run, frame[:count], allow_code=True).prediction, whole[:count])
    frame[:7].to_csv(tmp_path / "seven.csv", index=False)
    with pytest.raises(ModelError) as error:
        dlcli.evaluate(run, tmp_path / "seven.csv", allow_code=True)
    assert error.value.problems[0].rule == "model-call"


def test_a_split_that_cannot_be_evaluated_does_not_cost_the_run(config: Config, tmp_path: Path) -> None:
    spec = config(["Fours", HEAD])
    pd.read_csv(tmp_path / "rows.csv")[:38].to_csv(tmp_path / "some.csv", index=False)
    spec["data"].update(train=str(tmp_path / "some.csv"), validation=None, test=10 / 38)  # 28 and 10 rows
    listener = Listener()
    run = dlcli.train(spec, run_dir=tmp_path / "run", listener=listener)
    assert "not-evaluated" in [rule for _, rule in listener.rules]
    assert (run.status, set(run.final_metrics()), record(run.path)["model"]) == ("completed", {"train"}, "model.keras")


def test_what_was_learnt_before_an_error_is_kept(config: Config, tmp_path: Path) -> None:
    listener = Listener()
    spec = config([HEAD], callbacks=["Breaking"], fit={"epochs": 5})
    with pytest.raises(ModelError) as error:
        dlcli.train(spec, run_dir=tmp_path / "run", listener=listener)
    (problem,) = error.value.problems
    line = CODE.splitlines().index('            raise LookupError("out of luck")') + 1
    assert problem.message == f"Breaking fails in on_epoch_end (line {line} of own.py): LookupError: out of luck"
    assert (problem.rule, problem.path) == ("own-callback", "callbacks[0].Breaking")
    assert isinstance(error.value.__cause__, LookupError)
    found = record(tmp_path / "run")
    assert (found["status"], found["epochs"]) == ("failed", 2)
    assert "LookupError: out of luck" in found["error"]
    assert (2, "weights-kept") in listener.rules
    assert len(dlcli.predict(tmp_path / "run", pd.read_csv(tmp_path / "rows.csv"), allow_code=True)) == 40


def test_a_metric_that_is_several_numbers_is_evaluated(config: Config, tmp_path: Path) -> None:
    stopping = {"EarlyStopping": {"monitor": "twice", "mode": "min", "restore_best_weights": True}}
    spec = config([HEAD], callbacks=[stopping], compile={"loss": "mse", "metrics": ["Several"]})
    run = dlcli.train(spec, run_dir=tmp_path / "run")
    for split, metrics in run.final_metrics().items():
        assert set(metrics) == {"loss", "once", "twice"}, split
        assert metrics["twice"] == pytest.approx(2 * metrics["once"])
    assert set(run.final_metrics()) > {"train"}


def test_an_error_at_the_end_leaves_the_count_of_the_epochs(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlcli.jobs import running

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(running, "write_portable", fail)
    with pytest.raises(ModelError, match="out of memory"):
        dlcli.train({**config([HEAD]), "code": []}, run_dir=tmp_path / "run")
    found = record(tmp_path / "run")
    assert (found["status"], found["epochs"], found["model"]) == ("failed", 3, "model.keras")


def test_a_run_is_replaced_by_a_complete_one_alone(config: Config, tmp_path: Path) -> None:
    run = dlcli.train({**config([HEAD]), "code": []}, run_dir=tmp_path / "run")
    before = run.record["started"], (run.path / "model.keras").read_bytes()
    listener = Listener()
    with pytest.raises(ModelError):
        dlcli.train(config([HEAD], callbacks=["Breaking"]), run_dir=tmp_path / "run", overwrite=True, listener=listener)
    kept = tmp_path / "run.replaced"
    assert (record(kept)["started"], (kept / "model.keras").read_bytes()) == before
    (told,) = [problem for _, problem in listener.notices if problem.rule == "replaced-run-kept"]
    assert str(kept) in told.message
    callbacks = [CHECKPOINT, {"CSVLogger": {"filename": "logs/x.csv"}}]
    dlcli.train(config([HEAD], callbacks=callbacks), run_dir=tmp_path / "run", overwrite=True)
    dlcli.train(config([HEAD]), run_dir=tmp_path / "run", overwrite=True)  # all of it was the run's
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["run", "run.replaced"]


@pytest.mark.parametrize("name", ["rows.csv", "own.py"])
def test_a_run_that_holds_an_input_is_not_replaced(config: Config, tmp_path: Path, name: str) -> None:
    dlcli.train({**config([HEAD]), "code": []}, run_dir=tmp_path / "run")
    spec = config([HEAD])
    (tmp_path / name).rename(tmp_path / "run" / name)
    if name == "own.py":
        spec["code"] = [str(tmp_path / "run" / name)]
    else:
        spec["data"]["train"] = str(tmp_path / "run" / name)
    with pytest.raises(DlcliError) as error:
        dlcli.train(spec, run_dir=tmp_path / "run", overwrite=True)
    assert {problem.rule for problem in error.value.problems} == {"run-exists"}
    assert (tmp_path / "run" / name).is_file()


def test_it_is_the_file_that_keras_writes(tmp_path: Path) -> None:
    layers = keras.layers
    inner = keras.Sequential([layers.Dense(3), layers.BatchNormalization()])
    model = keras.Sequential([keras.Input((2,)), inner, layers.Dropout(0.5), layers.Dense(1, "sigmoid")])
    model.compile("adam", "mse", metrics=["mae", keras.metrics.AUC()])
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "keras.keras")
    run = RunDirectory(tmp_path / "run")
    run.path.mkdir()
    for _ in range(2):  # the second time it is known what is no state
        assert save_trained(model, run) is None
        assert stored(run.model) == stored(tmp_path / "keras.keras")


def stored(file: Path) -> dict[str, Any]:
    """What a file of Keras's says, without the addresses of objects."""
    found: dict[str, Any] = {}

    def visit(name: str, each: Any) -> None:
        found[name] = each[()].tobytes() if isinstance(each, h5py.Dataset) else dict(each.attrs)

    with zipfile.ZipFile(file) as archive:
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            weights.visititems(visit)
        return {**found, "config": re.sub(r'"shared_object_id": \d+', "", archive.read("config.json").decode())}
