"""A weight for each step or pixel: the loss is Keras's formula, place by place; class weights are such weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli

STILL = "{SGD: {learning_rate: 1.0e-30}}"
MASKS = f"""\
data:
  train: data.npz
  target: {{mask: category}}
  features: {{x: {{type: image, scale: unit}}}}
  sample_weight: w
  batch_size: full
model: {{layers: [{{Conv2D: {{filters: 3, kernel_size: 1, activation: softmax}}}}]}}
compile: {{optimizer: {STILL}}}
fit: {{epochs: 1}}
"""
STEPS = f"""\
data:
  train: data.npz
  target: {{y: {{type: number, scale: none}}}}
  features: {{s: {{type: number, scale: none}}}}
  sample_weight: v
  batch_size: full
model: {{layers: [{{Dense: {{units: 1}}}}]}}
compile: {{optimizer: {STILL}, loss: mse}}
fit: {{epochs: 1}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("weights")
    random = np.random.default_rng(0)
    np.savez(
        place / "data.npz",
        x=random.integers(0, 255, (20, 6, 5, 1)).astype(np.uint8),
        mask=random.choice(3, (20, 6, 5), p=[0.7, 0.2, 0.1]),
        w=random.uniform(0, 2, (20, 6, 5)),
        s=random.normal(size=(20, 7, 2)),
        y=random.normal(size=(20, 7, 1)),
        v=random.choice([0.0, 1.0, 3.0], (20, 7)),
    )
    (place / "masks.yaml").write_text(MASKS)
    (place / "steps.yaml").write_text(STEPS)
    return place


def losses(folder: Path, name: str, *overrides: str, run: str) -> tuple[Any, float, float]:
    trained = dlcli.train(folder / f"{name}.yaml", overrides=overrides, run_dir=folder / run)
    history = float(pd.read_csv(trained.path / "history.csv")["loss"][0])
    return trained, history, dlcli.evaluate(trained, folder / "data.npz").metrics["loss"]


def of_masks(folder: Path, run: Any) -> Any:
    """The crossentropy of each pixel."""
    dlcli.predict_file(run, folder / "data.npz", output=folder / "out.npz")
    with np.load(folder / "out.npz") as found, np.load(folder / "data.npz") as data:
        shares = np.stack([found[f"probability_{each}"] for each in range(3)], axis=-1)
        return -np.log(np.take_along_axis(shares, data["mask"][..., None].astype(int), axis=-1))[..., 0]


def test_the_loss_of_pixels_is_weighed_one_by_one(folder: Path) -> None:
    run, history, evaluated = losses(folder, "masks", run="masks")
    with np.load(folder / "data.npz") as data:
        wanted = (of_masks(folder, run) * data["w"]).mean()
    assert [history, evaluated] == pytest.approx([wanted, wanted], rel=1e-4)


def test_balanced_classes_of_pixels(folder: Path) -> None:
    run, history, _ = losses(
        folder, "masks", "data.sample_weight=null", "data.exclude=[w]", "fit.class_weight=balanced", run="b"
    )
    with np.load(folder / "data.npz") as data:
        counts = np.bincount(data["mask"].reshape(-1), minlength=3)
        wanted = (of_masks(folder, run) * (data["mask"].size / 3 / counts)[data["mask"]]).mean()
    assert history == pytest.approx(wanted, rel=1e-4)


def test_both(folder: Path) -> None:
    run, history, _ = losses(folder, "masks", "fit.class_weight={2: 5}", run="both")
    with np.load(folder / "data.npz") as data:
        wanted = (of_masks(folder, run) * data["w"] * np.array([1, 1, 5])[data["mask"]]).mean()
    assert history == pytest.approx(wanted, rel=1e-4)


def test_the_loss_of_steps_is_weighed_one_by_one(folder: Path) -> None:
    run, history, evaluated = losses(folder, "steps", run="steps")
    dlcli.predict_file(run, folder / "data.npz", output=folder / "steps.npz")
    with np.load(folder / "steps.npz") as found, np.load(folder / "data.npz") as data:
        wanted = (((found["prediction"] - data["y"]) ** 2)[..., 0] * data["v"]).mean()
    assert [history, evaluated] == pytest.approx([wanted, wanted], rel=1e-4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"w": np.ones((20, 6, 4))}, "[6, 4]"),
        ({"w": np.full((20, 6, 5), -1.0)}, "600 negative weights"),
        ({"w": np.zeros((20, 6, 5))}, "are 0"),
        ({"w": np.where(np.arange(600) == 31, np.nan, 1.0).reshape(20, 6, 5)}, "row 2 of"),
    ],
)
def test_weights_that_are_none(folder: Path, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with np.load(folder / "data.npz") as data:
        np.savez(tmp_path / "data.npz", **{**data, **change})
    (tmp_path / "masks.yaml").write_text(MASKS)
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.check(tmp_path / "masks.yaml")
    (problem,) = error.value.problems
    assert problem.rule == "sample-weight"
    assert said in problem.message
