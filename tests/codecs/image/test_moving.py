"""`moved_with`: what is learnt of each pixel goes where the pixels go, by the same draw, and again the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.config.checks.pixels import COLOURING, MOVING_TOGETHER
from dlcli.training.events import Event, Notice

pytestmark = pytest.mark.tensorflow

SIDE, COUNT, CLASSES = 16, 12, 5
ARGUMENTS: dict[str, dict[str, Any]] = {
    "RandomFlip": {},
    "RandomRotation": {"factor": 0.4},
    "RandomTranslation": {"height_factor": 0.4, "width_factor": 0.3},
    "RandomZoom": {"height_factor": (-0.4, 0.6)},
    "RandomShear": {"x_factor": 0.6, "y_factor": 0.4},
    "RandomPerspective": {"factor": 1.0, "scale": 0.6},
    "RandomElasticTransform": {"factor": [1.0, 1.0], "scale": [1.0, 1.0]},
}
FILLED = [*(name for name in MOVING_TOGETHER if name != "RandomFlip")]


@pytest.fixture(scope="module")
def model() -> Any:
    import keras

    inputs = keras.Input((SIDE, SIDE, 1), dtype="uint8", name="x")
    made = keras.Model({"x": inputs}, keras.layers.Conv2D(2, 1)(keras.layers.Rescaling(1.0)(inputs)))
    made.compile("sgd", "mse")
    return made


def drawn() -> Any:
    return np.random.default_rng(1).integers(0, CLASSES, (COUNT, SIDE, SIDE)).astype(np.int32)


def moved(model: Any, names: list[Any], labels: Any, *, numbers: bool = False, **options: Any) -> Any:
    """Images of ten times the classes, and their labels, after a layer that takes the nearest pixel."""
    from dlcli.backend.augmentation.changing import Batch
    from dlcli.backend.augmentation.moving import Follower, mover
    from dlcli.config.schema.component import Component
    from dlcli.model.augmentation.moving import _augmentation

    images = (drawn() * 10).astype(np.uint8)[..., np.newaxis]
    layers = [_augmentation(Component.parse(each), "x", place) for place, each in enumerate(names)]
    change = mover(model, "x", layers, [Follower(0, numbers, options.pop("unit", ()))], seed=3)
    batch = change(Batch({"x": images}, labels, options.pop("weights", None)))
    return np.asarray(batch.inputs["x"])[..., 0], np.asarray(batch.labels), batch.weights


def layer(name: str, **more: Any) -> dict[str, Any]:
    nearest = {} if name == "RandomFlip" else {"interpolation": "nearest"}
    return {name: {**ARGUMENTS[name], **nearest, **more}}


@pytest.mark.parametrize("name", MOVING_TOGETHER)
@pytest.mark.parametrize("form", ["index", "one_hot"])
def test_a_mask_goes_where_its_image_goes(model: Any, name: str, form: str) -> None:
    labels = drawn() if form == "index" else np.eye(CLASSES, dtype=np.float32)[drawn()]
    images, found, weights = moved(model, [layer(name)], labels)
    assert found.dtype == labels.dtype
    classes = found if form == "index" else found.argmax(-1)
    inside = np.ones_like(images, bool) if weights is None else np.asarray(weights) == 1
    assert inside.mean() > 0.3
    np.testing.assert_array_equal(images[inside], classes[inside] * 10)
    assert not np.array_equal(images, drawn() * 10)


@pytest.mark.parametrize("name", FILLED)
def test_nothing_is_learnt_where_nothing_is_left(model: Any, name: str) -> None:
    """White is filled up with: that is no class, and has no weight, whatever the weights were."""
    mode = {} if name == "RandomPerspective" else {"fill_mode": "constant"}
    own = np.linspace(1, 2, COUNT).astype(np.float32)
    images, found, weights = moved(model, [layer(name, fill_value=255.0, **mode)], drawn(), weights=own)
    weights = np.asarray(weights)
    outside = images == 255
    assert outside.any() == (weights == 0).any()
    np.testing.assert_array_equal(weights == 0, outside)
    np.testing.assert_allclose(weights, np.broadcast_to(own[:, None, None], weights.shape) * ~outside)
    assert found.max() < CLASSES
    np.testing.assert_array_equal(images[~outside], found[~outside] * 10)


def test_a_flip_is_a_flip_bit_for_bit(model: Any) -> None:
    _, found, weights = moved(model, [{"RandomFlip": {"mode": "horizontal"}}], drawn())
    flipped = [np.array_equal(own, plain[:, ::-1]) for own, plain in zip(found, drawn(), strict=True)]
    kept = [np.array_equal(own, plain) for own, plain in zip(found, drawn(), strict=True)]
    assert all(np.logical_xor(flipped, kept))
    assert any(flipped)
    assert any(kept)
    assert weights is None


def test_weights_of_pixels_go_with_them(model: Any) -> None:
    places = drawn().astype(np.float32)
    _, found, weights = moved(model, [layer("RandomRotation"), layer("RandomFlip")], drawn(), weights=places)
    np.testing.assert_array_equal(np.asarray(weights), found)


def test_an_image_to_learn_is_moved_as_its_image(model: Any) -> None:
    """In its own unit: what is filled up with is the same in both."""
    bilinear = {"RandomRotation": {"factor": 0.3, "fill_mode": "constant", "fill_value": 255.0}}
    scaled = (drawn()[..., np.newaxis] * 10 / 127.5 - 1).astype(np.float32)
    images, found, _ = moved(
        model, [bilinear, {"RandomContrast": {"factor": 0.0}}], scaled, numbers=True, unit=((127.5, 127.5),)
    )
    np.testing.assert_allclose((found[..., 0] + 1) * 127.5, images, atol=0.51)


@pytest.mark.parametrize("name", ["RandomBrightness", "RandomContrast", "RandomErasing", "RandomInvert", *COLOURING])
def test_colours_leave_a_mask_alone(model: Any, name: str) -> None:
    needed = {"RandomBrightness": 0.9, "RandomContrast": 0.9, "RandomInvert": 1.0}
    component = {name: {"factor": needed[name]} if name in needed else {}}
    for form, labels in {"classes": drawn(), "numbers": drawn()[..., np.newaxis].astype(np.float32)}.items():
        images, found, weights = moved(model, [component], labels, numbers=form == "numbers")
        np.testing.assert_array_equal(found, labels)
        assert weights is None
    assert name == "ContrastLimitedAdaptiveHistogramEqualization" or not np.array_equal(images, drawn() * 10)


def test_an_update_draws_its_own_again_and_again(model: Any) -> None:
    found = []
    for updates in (0, 1, 0):
        model.optimizer.iterations.assign(updates)
        found.append(moved(model, [layer("RandomRotation"), layer("RandomZoom")], drawn())[1])
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])


CONFIG = """\
data:
  train: shapes.npz
  validation: 0.2
  target: {{mask: {{type: category, moved_with: x}}}}
  features: {{x: {{type: image, augment: [{augment}]}}}}
  batch_size: 8
model:
  layers:
    - Conv2D: {{filters: 4, kernel_size: 3, padding: same, activation: relu}}
    - Conv2D: {{filters: 3, kernel_size: 1, activation: softmax}}
compile: {{optimizer: {{Adam: {{learning_rate: 0.02}}}}}}
fit: {{epochs: 3}}
report: false
"""
FLIPS = "RandomFlip, {RandomRotation: {factor: 0.1, fill_mode: constant}}, {RandomBrightness: {factor: 0.1}}"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The left half of a picture is of other classes than the right: what is flipped alone cannot be learnt."""
    folder = tmp_path_factory.mktemp("shapes")
    random = np.random.default_rng(0)
    masks = np.zeros((60, 12, 12), np.int64)
    for mask in masks:
        row, column = random.integers(0, 8, 2)
        mask[row : row + 4, column : column + 4] = random.integers(1, 3)
    pixels = masks * 90 + random.integers(0, 40, masks.shape)
    np.savez(folder / "shapes.npz", x=pixels.astype(np.uint8), mask=masks)
    (folder / "masks.yaml").write_text(CONFIG.format(augment=FLIPS))
    return folder


def test_a_resumed_training_moves_them_alike(shapes: Path) -> None:
    config = shapes / "masks.yaml"
    whole = dlcli.train(config, run_dir=shapes / "whole")
    dlcli.train(config, run_dir=shapes / "part", overrides={"fit.epochs": 2})
    resumed = dlcli.train(resume=shapes / "part", overrides={"fit.epochs": 3})
    columns = ["loss", "val_loss", "accuracy"]
    one, other = (pd.read_csv(run.path / "history.csv")[columns] for run in (whole, resumed))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    found = dlcli.evaluate(whole, shapes / "shapes.npz")
    assert found.metrics["accuracy"] > 0.85


def test_each_phase_counts_its_own_updates(shapes: Path) -> None:
    """The optimizer of a phase begins anew, and what is drawn goes by the one that counts, whose state is kept."""
    said: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Notice):
            said.append(event.problem.rule)

    phases = "[{epochs: 1}, {epochs: 1, learning_rate: 0.01}]"
    config = [f"fit={{phases: {phases}}}", "model.layers.1={Conv2D: {filters: 1, kernel_size: 1, activation: sigmoid}}"]
    with np.load(shapes / "shapes.npz") as data:
        np.savez(shapes / "two.npz", x=data["x"], mask=np.minimum(data["mask"], 1))
    run = dlcli.train(
        shapes / "masks.yaml", overrides=[*config, "data.train=two.npz"], run_dir=shapes / "phases", listener=listen
    )
    assert "unkept-state" not in said
    assert pd.read_csv(run.path / "history.csv")["phase"].tolist() == [1, 2]


def test_what_a_mask_is_moved_with_is_seen(shapes: Path) -> None:
    from PIL import Image

    dlcli.check(shapes / "masks.yaml", show=shapes / "batch.png")
    with Image.open(shapes / "batch.png") as picture:
        assert picture.width > picture.height


@pytest.mark.parametrize(
    ("override", "path", "said"),
    [
        ("data.target.mask.moved_with=y", "data.target.mask.moved_with", "no feature"),
        ("data.features.x.augment=[RandAugment]", "data.features.x.augment[0]", "does not tell"),
        ("data.features.x.augment=[{RandomCrop: {height: 12, width: 12}}]", "data.features.x.augment[0]", "tell"),
        ("data.features.x.size=[24, 24];model.layers.0=MaxPooling2D", "data.target.mask.moved_with", "[12, 12]"),
        ("data.features.x={type: number, shape: [12, 12, 1]}", "data.target.mask.moved_with", "no image"),
    ],
)
def test_refuses_what_cannot_be_moved(shapes: Path, override: str, path: str, said: str) -> None:
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.check(shapes / "masks.yaml", overrides=override.split(";"))
    (problem,) = [each for each in error.value.problems if each.rule == "moved-with"]
    assert problem.path == path
    assert said in problem.message
