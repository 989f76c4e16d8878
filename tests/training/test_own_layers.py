"""Layers of the user's own: whole models that serve as layers, and layers that draw in ways of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.files.syncing import owed_below
from dlcli.training.events import Event, Notice

pytestmark = pytest.mark.tensorflow

CODE = '''
import random

import keras
import numpy as np
import tensorflow as tf


class Head(keras.Model):
    """Says nothing of how it is made."""

    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(units)

    def call(self, x):
        return self.dense(x)


class Told(Head):
    def __init__(self, units, **others):
        keras.Model.__init__(self, **others)
        self.units = units
        self.dense = keras.layers.Dense(units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Dropping(keras.Model):
    def __init__(self, units, rate=0.4):
        super().__init__()
        self.dense = keras.layers.Dense(units, activation="tanh")
        self.norm = keras.layers.BatchNormalization()
        self.drop = keras.layers.Dropout(rate)

    def call(self, x, training=None):
        return self.drop(self.norm(self.dense(x), training=training), training=training)


class Nested(keras.Model):
    """Models in a model, one of them beside a weight of its own."""

    def __init__(self, units):
        super().__init__()
        self.first = Dropping(units)
        self.parts = [Head(units), Told(units)]
        self.last = keras.Sequential([keras.layers.Dense(units, activation="relu"), Head(1)])

    def build(self, shape):
        self.scale = self.add_weight(shape=(1,), initializer="ones", name="scale")
        super().build(shape)

    def call(self, x, training=None):
        x = self.first(x, training=training)
        return self.last(sum(part(x) for part in self.parts)) * self.scale


class Drawing(keras.layers.Layer):
    """Adds noise in training, drawn in the way that it is told."""

    def __init__(self, way):
        super().__init__()
        self.way = way
        self.seeds = keras.random.SeedGenerator(5)

    def call(self, x, training=None):
        if not training:
            return x
        return x + 0.1 * tf.cast(self.draw(tf.shape(x), self.seeds.next()), x.dtype)

    def draw(self, shape, seed):
        seed = tf.cast(seed, "int32")
        if self.way == "categorical":
            drawn = keras.random.categorical(tf.zeros((shape[0], 3)), shape[1], dtype="int32", seed=self.seeds)
            return tf.reshape(drawn, shape)
        if self.way == "truncated_normal":
            return keras.random.truncated_normal(shape, seed=self.seeds)
        if self.way == "stateless_truncated_normal":
            return tf.random.stateless_truncated_normal(shape, seed)
        if self.way == "chosen while traced":
            return random.random() * np.random.uniform() * keras.random.truncated_normal(shape, seed=self.seeds)
        if self.way == "stateless_gamma":
            return tf.random.stateless_gamma(shape, seed, alpha=2.0)
        if self.way == "stateless_poisson":
            return tf.random.stateless_poisson(shape, seed, lam=2.0)
        if self.way == "stateless_categorical":
            return tf.random.stateless_categorical(tf.zeros((shape[0], 3)), shape[1], seed)
        if self.way == "stateless_uniform":
            return tf.random.stateless_uniform(shape, seed)
        return tf.random.stateless_normal(shape, seed)
'''

MODELS: dict[str, list[Any]] = {
    "without get_config": [{"Head": {"units": 1}}],
    "with get_config": [{"Told": {"units": 1}}],
    "between layers": [{"Dense": {"units": 4}}, {"Head": {"units": 3}}, "ReLU", {"Dense": {"units": 1}}],
    "with Dropout": [{"Dropping": {"units": 4}}, {"Told": {"units": 1}}],
    "nested": [{"Nested": {"units": 4}}],
}

DRAWN_OTHERWISE = ["categorical", "truncated_normal", "stateless_truncated_normal", "stateless_gamma"]
DRAWN_OTHERWISE += ["stateless_poisson", "stateless_categorical", "chosen while traced"]

Train = Callable[..., dlcli.Run]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Train layers on 60 rows, and give the run; its data file is `rows.csv`."""
    (tmp_path / "own.py").write_text(CODE)
    x = np.random.default_rng(0).normal(size=(60, 3))
    table = pd.DataFrame(x.astype(np.float32), columns=["a", "b", "c"])
    table.assign(y=table.a - 2 * table.b + 0.5).to_csv(tmp_path / "rows.csv", index=False)

    def run(layers: list[Any], execution: str, *, epochs: int = 2, **options: Any) -> dlcli.Run:
        config = {
            "data": {"train": str(tmp_path / "rows.csv"), "target": "y", "validation": 0.2, "test": 0.1,
                     "batch_size": 7},
            "model": {"layers": layers},
            "report": False,
        "fit": {"epochs": epochs},
            "runtime": {"execution": execution},
            "code": [str(tmp_path / "own.py")],
        }  # fmt: skip
        return dlcli.train(config, run_dir=tmp_path / execution, **options)

    return run


def assert_same(run: dlcli.Run, other: dlcli.Run) -> None:
    """The History of two runs."""
    assert list(run.history) == list(other.history)
    for name, values in other.history.items():
        np.testing.assert_allclose(run.history[name], values, rtol=1e-4, atol=1e-6, err_msg=name)


def some(names: Iterable[str], *often: str) -> list[Any]:
    """All of them; those that are not needed often among the long proofs."""
    return [name if name in often else pytest.param(name, marks=pytest.mark.soak) for name in names]


@pytest.mark.parametrize("kind", some(MODELS, "without get_config"))
def test_a_model_of_ones_own_is_a_layer(kind: str, train: Train, tmp_path: Path) -> None:
    """It trains as in plain Keras, and every runtime takes it up again with the weights that it learnt."""
    owed_below(Path("/"))
    plain = train(MODELS[kind], "step")
    rows = pd.read_csv(tmp_path / "rows.csv")
    for execution in ("graph", "xla"):
        run = train(MODELS[kind], execution)
        assert_same(run, plain)
        assert run.history["loss"][0] != run.history["loss"][1]
    assert owed_below(Path("/")) == [], "all is on the disk, and nobody waits for what was tried before"
    predicted = [dlcli.predict(each, rows, runtime="keras", allow_code=True)["prediction"] for each in (run, plain)]
    np.testing.assert_allclose(predicted[0], predicted[1], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(
        dlcli.predict(run, rows, allow_code=True)["prediction"], predicted[0], rtol=1e-4, atol=1e-5
    )
    again = dlcli.evaluate(tmp_path / "xla", runtime="keras", allow_code=True).metrics
    assert again == pytest.approx(run.metrics("test"), rel=1e-5)
    error = float((dlcli.evaluate(run, tmp_path / "rows.csv", allow_code=True).metrics)["mae"])
    assert error == pytest.approx(float((rows["y"] - predicted[0]).abs().mean()), rel=1e-4)


@pytest.fixture
def long_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of a few steps for which `auto` takes XLA."""
    monkeypatch.setattr("dlcli.training.execution.XLA_UPDATES", 1)


@pytest.mark.usefixtures("long_job")
@pytest.mark.parametrize("way", some(DRAWN_OTHERWISE, "categorical"))
def test_what_xla_would_draw_otherwise_leaves_it(way: str, train: Train) -> None:
    """A notice says which layer keeps a job from XLA."""
    layers = [{"Drawing": {"way": way}}, {"Dense": {"units": 1}}]
    events: list[Event] = []
    auto = train(layers, "auto", listener=events.append)
    notices = [event.problem for event in events if isinstance(event, Notice) and event.problem.rule == "xla"]
    assert len(notices) == 1
    assert "drawing" in notices[0].message.lower()
    assert "without XLA" in notices[0].message
    assert_same(auto, train(layers, "step"))


@pytest.mark.usefixtures("long_job")
@pytest.mark.parametrize("way", some(["stateless_uniform", "stateless_normal"], "stateless_normal"))
def test_what_xla_draws_alike_stays(way: str, train: Train) -> None:
    layers = [{"Drawing": {"way": way}}, {"Dense": {"units": 1}}]
    events: list[Event] = []
    auto = train(layers, "auto", listener=events.append)
    assert not [event for event in events if isinstance(event, Notice) and event.problem.rule == "xla"]
    assert auto.record["execution"]["mode"] == "xla"
    assert_same(auto, train(layers, "step"))
