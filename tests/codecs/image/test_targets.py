"""Images as targets, and masks in files: read as classes, trained, and what cannot be one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import dlcli
from dlcli.config.schema import DataConfig
from dlcli.data.prepare import prepare
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.arrays import ArraySamples
from dlcli.errors import DlcliError

pytestmark = pytest.mark.tensorflow

ROWS, SIZE = 24, 8


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bright squares, `photo`; their gray `mask` of 0, 5 and a border of 255; the same in a palette and in colours."""
    folder = tmp_path_factory.mktemp("masks")
    random = np.random.default_rng(6)
    lines = ["photo,mask,palette,colours,odd"]
    for number in range(ROWS):
        mask = np.zeros((SIZE, SIZE), np.uint8)
        top, left = random.integers(0, 4, 2)
        mask[top : top + 4, left : left + 4] = 5
        mask[-1] = 255
        photo = np.where(mask == 5, 200, 40)[..., np.newaxis] + random.integers(0, 30, (SIZE, SIZE, 3))
        names = [f"{kind}{number}.png" for kind in ("photo", "mask", "palette", "colours", "odd")]
        Image.fromarray(photo.astype(np.uint8)).save(folder / names[0])
        Image.fromarray(mask).save(folder / names[1])
        palette = Image.fromarray((mask == 5).astype(np.uint8), mode="P")
        palette.putpalette([0, 0, 0, 250, 0, 0])
        palette.save(folder / names[2])
        palette.convert("RGB").save(folder / names[3])
        Image.fromarray(mask[: SIZE - number % 2]).save(folder / names[4])
        lines.append(",".join(names))
    (folder / "list.csv").write_text("\n".join(lines) + "\n")
    return folder / "list.csv"


def masks(listed: Path, **options: Any) -> ArraySamples:
    prepared = prepare(section(listed, options), seed=1)
    state = json.loads(json.dumps(prepared.preprocessing.state()))
    assert Preprocessing.from_state(state).target_specs == prepared.preprocessing.target_specs
    samples = prepared.splits["train"]
    assert isinstance(samples, ArraySamples)
    return samples


def section(listed: Path, options: dict[str, Any]) -> DataConfig:
    target = {"y": {"type": "image", **options}}
    return DataConfig.model_validate({"train": [str(listed)], "target": target, "features": {"photo": "image"}})


def test_nothing_is_learnt_where_a_mask_is_filled_up(listed: Path) -> None:
    padded = masks(listed, columns="mask", classes=[0, 5, 255], size=[12, 10], resize="pad").held.targets["y"]
    assert (padded[:, 2:-2, 1:-1] == masks(listed, columns="mask", classes=[0, 5, 255]).held.targets["y"]).all()
    assert (np.delete(padded, slice(2, -2), axis=1) == -1).all()
    assert (padded[:, :, [0, -1]] == -1).all()


def test_numbers_of_pixels_are_classes(listed: Path) -> None:
    gray = masks(listed, columns="mask", classes="auto", ignore=[255]).held.targets["y"]
    palette = masks(listed, columns="palette", classes=[0, 1]).held.targets["y"]
    assert gray.dtype == np.int32
    assert gray.shape == (ROWS, SIZE, SIZE)
    assert (gray[:, -1] == -1).all()
    assert (gray[:, :-1] == palette[:, :-1]).all()
    first = np.array(Image.open(listed.parent / "mask0.png"))
    assert ((first == 5) == (gray[0] == 1)).all()
    half = masks(listed, columns="mask", classes="auto", ignore=[255], size=[4, 4]).held.targets["y"]
    assert half.shape == (ROWS, 4, 4)
    assert set(np.unique(half)) <= {-1, 0, 1}


def test_an_image_is_scaled(listed: Path) -> None:
    values = masks(listed, columns="colours").held.targets["y"]
    assert values.shape == (ROWS, SIZE, SIZE, 3)
    assert values.dtype == np.float32
    assert values.max() == pytest.approx(250 / 255)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": "colours", "classes": "auto"}, "it has colours"),
        ({"columns": "odd", "classes": "auto"}, "is 7 x 8, and those before it are 8 x 8"),
        ({"columns": "mask", "classes": [0, 5]}, "has pixels of the number 255, which is no class (row 1)"),
    ],
)
def test_what_is_no_mask(options: dict[str, Any], said: str, listed: Path) -> None:
    with pytest.raises(DlcliError) as error:
        prepare(section(listed, options), seed=1)
    assert said in error.value.problems[0].message


def config(listed: Path, target: dict[str, Any], layers: list[Any]) -> dict[str, Any]:
    return {
        "seed": 2,
        "data": {
            "train": str(listed),
            "test": 0.25,
            "target": {"y": {"type": "image", **target}},
            "features": {"photo": "image"},
            "batch_size": 4,
        },
        "model": {"layers": layers},
        "compile": {"optimizer": {"Adam": {"learning_rate": 0.05}}},
        "fit": {"epochs": 12},
    }


@pytest.mark.soak
def test_a_mask_is_learnt_and_predicted(listed: Path, tmp_path: Path) -> None:
    target = {"columns": "mask", "classes": "auto", "ignore": [255]}
    layers = [{"Conv2D": {"filters": 2, "kernel_size": 1, "activation": "softmax"}}]
    run = dlcli.train(config(listed, target, layers), run_dir=tmp_path / "run")
    report = dlcli.evaluate(run).reports["y"]
    assert report["macro_average"]["iou"] > 0.8
    dlcli.predict_file(run, str(listed), output=tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        assert set(np.unique(found["prediction"])) == {0, 5}
    small = config(listed, {**target, "size": [4, 4]}, layers)
    with pytest.raises(DlcliError, match=r"\(8, 8, 2\) a sample, and its target y has a class for each of \(4, 4\)"):
        dlcli.train(small, run_dir=tmp_path / "small")


@pytest.mark.soak
def test_an_image_is_its_own_target(listed: Path, tmp_path: Path) -> None:
    layers = [{"Conv2D": {"filters": 3, "kernel_size": 1}}]
    settings = config(listed, {}, layers)
    settings["data"]["target"] = {"again": {"from": "photo"}}
    settings["data"]["features"] = {"photo": {"type": "image", "scale": "symmetric"}}
    run = dlcli.train(settings, run_dir=tmp_path / "run")
    found = dlcli.evaluate(run)
    assert found.reports["again"]["mae"] == pytest.approx(found.metrics["mae"], rel=1e-4)
    assert found.reports["again"]["mae"] < 60
    dlcli.predict_file(run, str(listed), output=tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as arrays:
        assert arrays["prediction"].shape == (ROWS, SIZE, SIZE, 3)
        assert arrays["prediction"].max() > 100
