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

    from dlcli.backend.augmentation.changing import change_batches
    from dlcli.backend.augmentation.mixing import mixer

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
        change_batches(model, [mixer(model, [layer], seed=5)])
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


def test_several_images_are_mixed_by_the_same_share_and_masks_cut_as_they_are() -> None:
    """Whatever they hold: the labels, the second image and the mask tell the same share, sample by sample."""
    import keras
    import tensorflow as tf

    from dlcli.backend.augmentation.changing import Batch
    from dlcli.backend.augmentation.mixing import mixer

    inputs = {name: keras.Input((16, 16, 1), dtype="uint8", name=name) for name in ("left", "right")}
    joined = keras.layers.Concatenate()([keras.layers.Rescaling(1.0)(each) for each in inputs.values()])
    model = keras.Model(inputs, keras.layers.Conv2D(2, 1)(joined))
    model.compile("sgd", "mse")
    classes = np.arange(16) % 2
    flat = np.broadcast_to(classes[:, None, None], (16, 16, 16))
    images = {"left": (flat * 200).astype(np.uint8)[..., None], "right": (flat * 100).astype(np.uint8)[..., None]}
    vectors, masks = np.eye(2, dtype=np.float32)[classes], np.eye(2, dtype=np.float32)[flat]
    for layer in (keras.layers.CutMix(), keras.layers.MixUp(alpha=1.0)):
        labels = [vectors, masks, flat[..., None].astype(np.float32)]
        weights = [tf.ones(16), (flat + 1.0).astype(np.float32), tf.ones(16)]
        batch = mixer(model, [layer], seed=5)(Batch(images, labels, weights))
        left, right = (np.asarray(batch.inputs[name])[..., 0].astype(float) for name in ("left", "right"))
        of_samples, of_pixels, numbers = map(np.asarray, batch.labels)
        np.testing.assert_allclose(left / 200, right / 100, atol=0.01)
        np.testing.assert_allclose(of_pixels[..., 1], left / 200, atol=0.01)
        np.testing.assert_allclose(numbers[..., 0], left / 200, atol=0.01)
        np.testing.assert_allclose(of_samples[:, 1], left.mean(axis=(1, 2)) / 200, atol=0.1)
        np.testing.assert_allclose(np.asarray(batch.weights[1]) - 1, left / 200, atol=0.01)
        assert ((left > 2) & (left < 198)).mean() > 0 or isinstance(layer, keras.layers.CutMix)
    indices = mixer(model, [keras.layers.CutMix()], seed=5)(Batch(images, flat.astype(np.int32), None))
    np.testing.assert_array_equal(np.asarray(indices.labels) * 200, np.asarray(indices.inputs["left"])[..., 0])


TWO = """\
data:
  train: {left: left.npy, right: right.npy, y: y.npy}
  target: {y: category}
  features: {left: {type: image}, right: {type: image}}
  augment: [MixUp]
model:
  layers:
    - Concatenate: {}
      inputs: [left, right]
    - Flatten
    - Dense: {units: 2, activation: softmax}
compile: {loss: categorical_crossentropy}
fit: {epochs: 1}
"""


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("data.features.right.size=[8, 4]", "one shape"),
        ("data.features.right={type: number, shape: [8, 8, 1]}", ""),
        ("data.features.right={type: number, shape: [64]}", "stay with the label of one sample"),
    ],
)
def test_other_inputs_cannot_be_mixed(tmp_path: Path, override: str, said: str) -> None:
    random = np.random.default_rng(0)
    for name in ("left", "right"):
        np.save(tmp_path / f"{name}.npy", random.integers(0, 255, (20, 8, 8)).astype(np.uint8))
    np.save(tmp_path / "y.npy", np.arange(20) % 2)
    (tmp_path / "two.yaml").write_text(TWO)
    apart = ["model.layers.0={Flatten: {}, inputs: left, name: a}", "model.layers.1={Flatten: {}, inputs: right}"]
    overrides = [override, *(apart if said else [])]
    if not said:
        dlcli.check(tmp_path / "two.yaml", overrides=overrides)
        return
    joined = [
        "model.layers.2={Concatenate: {}, inputs: [a, flatten]}",
        "model.layers.3={Dense: {units: 2, activation: softmax}}",
    ]
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.check(tmp_path / "two.yaml", overrides=[*overrides, *joined])
    assert {problem.rule for problem in error.value.problems} == {"mixes-labels"}
    assert said in error.value.problems[0].message
