"""`data.augment`: batches are mixed in training, labels with them, as Keras's layers do it, and again the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli

pytestmark = pytest.mark.tensorflow

SMALL = """
  layers:
    - Flatten
    - Dense: {units: 16, activation: relu}
    - Dense: {units: 10, activation: softmax}
"""
MIXED = "  augment: [CutMix: {factor: 0.7}, MixUp: {alpha: 0.3}]"
ONE_HOT = ["compile.loss=categorical_crossentropy"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, digits: Any) -> Path:
    place = tmp_path_factory.mktemp("mixing") / "few"
    digits(place, rows=160)
    return place


def test_labels_are_mixed_as_the_pixels_are(folder: Path) -> None:
    """Images that are all of one value tell in which part they were mixed; CutMix cuts at whole pixels."""
    import keras
    import tensorflow as tf

    from dlcli.backend.mixing import mix_batches

    inputs = keras.Input((64, 64, 1), dtype="uint8", name="x")
    hidden = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    model = keras.Model({"x": inputs}, keras.layers.Dense(2, activation="softmax")(hidden))
    seen = []

    def step(data: Any) -> Any:
        seen.append(data)
        return {}

    model.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    model.train_step = step
    for layer in (keras.layers.MixUp(alpha=1.0), keras.layers.CutMix()):
        model.train_step = step
        mix_batches(model, [layer], seed=5)
        classes = np.arange(32) % 2
        images = tf.constant(np.broadcast_to(classes[:, None, None, None] * 200, (32, 64, 64, 1)), tf.uint8)
        for updates in (0, 1, 0):
            model.optimizer.iterations.assign(updates)
            model.train_step(({"x": images}, tf.one_hot(classes, 2)))
    for x, y in seen:
        assert x["x"].dtype == tf.uint8
        share = np.asarray(x["x"]).mean(axis=(1, 2, 3)) / 200
        np.testing.assert_allclose(np.asarray(y)[:, 1], share, atol=0.04)
        assert ((share > 0.02) & (share < 0.98)).any()
    for first, other, again in (seen[:3], seen[3:]):
        assert not np.array_equal(first[0]["x"], other[0]["x"])
        assert np.array_equal(first[0]["x"], again[0]["x"])


@pytest.mark.soak
def test_the_same_again_however_it_is_executed(folder: Path, config: Any) -> None:
    path = config(folder, model=SMALL, data=MIXED, epochs=3)
    runs = {
        execution: dlcli.train(path, overrides=[*ONE_HOT, f"runtime.execution={execution}"], run_dir=folder / execution)
        for execution in ("graph", "step")
    }
    dlcli.train(path, overrides=[*ONE_HOT, "runtime.execution=graph", "fit.epochs=1"], run_dir=folder / "part")
    runs["resumed"] = dlcli.train(resume=folder / "part", overrides={"fit.epochs": 3})
    plain = dlcli.train(path, overrides=[*ONE_HOT, "data.augment=[]"], run_dir=folder / "plain")
    losses = {name: pd.read_csv(run.path / "history.csv")[["loss", "val_loss"]] for name, run in runs.items()}
    pd.testing.assert_frame_equal(losses["resumed"], losses["graph"], check_exact=True)
    pd.testing.assert_frame_equal(losses["step"], losses["graph"], rtol=1e-4)
    assert pd.read_csv(plain.path / "history.csv")["loss"][2] < losses["graph"]["loss"][2]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ([], "categorical_crossentropy"),
        (["data.augment=[RandomFlip]"], "feature of type image"),
        (["data.augment=[]", "model.layers=[MixUp, Flatten, {Dense: {units: 10}}]"], "data.augment: [MixUp]"),
        (["data.features.path.augment=[CutMix]"], "data.augment: [CutMix]"),
    ],
)
def test_refuses_with_the_way_out(folder: Path, config: Any, overrides: list[str], said: str) -> None:
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.check(config(folder, model=SMALL, data=MIXED), overrides=overrides)
    assert {problem.rule for problem in error.value.problems} == {"mixes-labels"}
    assert said in error.value.problems[0].hint
