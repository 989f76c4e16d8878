"""Predicted images and masks as files: one a row, named as the row's file, with the numbers that are predicted."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

import dlcli
from dlcli.prediction.pictures import CLASSES, TABLE
from dlcli.prediction.png import png

PLAIN = st.sampled_from([(), (1,), (2,), (3,), (4,)])


@given(data=st.data(), channels=PLAIN, height=st.integers(1, 9), width=st.integers(1, 9))
def test_what_is_written_is_read(data: Any, channels: Any, height: int, width: int) -> None:
    pixels = data.draw(arrays(np.uint8, (height, width, *channels)))
    with Image.open(io.BytesIO(png(pixels))) as image:
        np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)


def test_palettes_and_sixteen_bits() -> None:
    numbers = np.array([[0, 1], [2, 65_535]], np.uint16)
    with Image.open(io.BytesIO(png(numbers))) as image:
        np.testing.assert_array_equal(np.asarray(image), numbers)
    with Image.open(
        io.BytesIO(png(np.array([[0, 2, 1]], np.uint8), palette=[(0, 0, 0), (9, 8, 7), (1, 2, 3)]))
    ) as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), [[0, 2, 1]])
        assert image.convert("RGB").getpixel((1, 0)) == (1, 2, 3)


CONFIG = """\
data:
  train: rows.csv
  directory: photos
  target: {mask: {type: image, columns: mask, classes: auto}, clean: {from: photo}, kind: category}
  features: {photo: image}
  batch_size: 4
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, padding: same, activation: relu}
      inputs: [photo]
      name: seen
    - Conv2D: {filters: 3, kernel_size: 1, activation: softmax}
      name: mask
    - Conv2D: {filters: 3, kernel_size: 1, activation: sigmoid}
      inputs: [seen]
      name: clean
    - GlobalAveragePooling2D: {}
      inputs: [seen]
    - Dense: {units: 2, activation: softmax}
      name: kind
  outputs: [mask, clean, kind]
compile: {optimizer: adam}
fit: {epochs: 1}
"""
NAMES = ["cats/1.png", "cats/2.jpg", "dogs/1.png", "dogs/1.bmp", "3.png", "4.png"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("predicted")
    random = np.random.default_rng(0)
    lines = ["photo,mask,kind"]
    for place, name in enumerate(NAMES):
        file = folder / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (8, 10, 3)).astype(np.uint8)).save(file)
        Image.fromarray(random.choice([0, 7, 200], (8, 10)).astype(np.uint8)).save(folder / "photos" / f"m{place}.png")
        lines.append(f"{name},m{place}.png,{'ab'[place % 2]}")
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    (folder / "two.yaml").write_text(CONFIG)
    return dlcli.train(folder / "two.yaml", run_dir=folder / "run")


@pytest.mark.tensorflow
def test_a_directory_of_predictions(run: Any, tmp_path: Path) -> None:
    folder = run.path.parent
    rows = dlcli.predict_file(run, folder / "rows.csv", output=tmp_path / "out")
    dlcli.predict_file(run, folder / "rows.csv", output=tmp_path / "out.npz")
    assert rows == len(NAMES)
    with np.load(tmp_path / "out.npz") as found:
        masks, images = found["mask_prediction"], found["clean_prediction"]
    table = pd.read_csv(tmp_path / "out" / TABLE)
    assert list(table) == [
        "photo",
        "mask_prediction",
        "clean_prediction",
        "kind_prediction",
        *(f"kind_probability_{x}" for x in "ab"),
    ]
    assert list(table["photo"]) == NAMES
    assert list(table["mask_prediction"]) == [
        f"mask/{name}.png" for name in ("cats/1", "cats/2", "dogs/1", "dogs/1-4", "3", "4")
    ]
    for place, (mask, image) in enumerate(zip(table["mask_prediction"], table["clean_prediction"], strict=True)):
        with Image.open(tmp_path / "out" / mask) as own:
            np.testing.assert_array_equal(np.asarray(own), masks[place])
        with Image.open(tmp_path / "out" / image) as own:
            np.testing.assert_allclose(np.asarray(own), images[place], atol=0.51)
    assert not (tmp_path / "out" / CLASSES).exists()  # the numbers are what the masks of the training have
    # The table and its files are data like any other.
    (tmp_path / "out" / "next.yaml").write_text(
        "data: {train: predictions.csv, target: {mask_prediction: {type: image, classes: auto}}, "
        "features: {clean_prediction: image}}\n"
        "model: {layers: [{Conv2D: {filters: 3, kernel_size: 1, activation: softmax}}]}\n"
    )
    dlcli.check(tmp_path / "out" / "next.yaml", fast=True)


@pytest.mark.tensorflow
def test_where_no_directory_is_written(run: Any, tmp_path: Path) -> None:
    rows = run.path.parent / "rows.csv"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("mine")
    (tmp_path / "full" / "plain").write_text("mine")
    (tmp_path / "empty").mkdir()
    for target, said in (
        (tmp_path / "full", "not empty"),
        (run.path.parent / "photos" / "out", "row of the input"),
        (tmp_path / "gone" / "out", "cannot write"),
        (tmp_path / "full" / "a.txt", "suffix '.txt'"),
        (tmp_path / "full" / "plain", "suffix ''"),
    ):
        source = run.path.parent / "photos" if "photos" in str(target) else rows
        with pytest.raises(dlcli.DlcliError) as error:
            dlcli.predict_file(run, source, output=target)
        assert said in str(error.value)
    assert sorted(file.name for file in (tmp_path / "full").iterdir()) == ["a.txt", "plain"]
    with pytest.raises(dlcli.DlcliError):
        dlcli.predict_file(run, rows, output=tmp_path / "some", top=1)
    (tmp_path / "bad.csv").write_text("photo\ngone.png\n")
    with pytest.raises(dlcli.DlcliError):
        dlcli.predict_file(run, tmp_path / "bad.csv", output=tmp_path / "empty")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bad.csv", "empty", "full"]
    assert dlcli.predict_file(run, rows, output=tmp_path / "empty") == len(NAMES)


def test_names_stay_inside_and_legends_name_classes(tmp_path: Path) -> None:
    import pyarrow as pa

    from dlcli.config.outputs.conventions import Head
    from dlcli.config.outputs.output_plan import OutputPlan
    from dlcli.config.schema.component import Component
    from dlcli.config.signature import TargetSpec
    from dlcli.prediction.pictures import PictureFiles, pictures

    target = TargetSpec("mask", "category", classes=("sky", "sea"), axes=(1, 2))
    plan = OutputPlan("mask", (target,), "index", Component("none"), Head(2, "softmax"), (1, 2, 2))
    cells = pa.array([["sky", "sea"], ["sea", None], ["sea", "sea"]], pa.list_(pa.string(), 2))
    masks = pa.FixedSizeListArray.from_arrays(cells, 1)
    table = pa.table({"file": ["../../a.png", "b.png", "/c.png"], "prediction": masks, "probability_sky": masks})
    files = PictureFiles(tmp_path, pictures([plan]), "file", table.schema, raw_text=False)
    files.write(table)
    files.close()
    assert sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*")) == ["a.png", "c.png", CLASSES, TABLE]
    assert pd.read_csv(tmp_path / TABLE)["prediction"].isna().tolist() == [False, True, False]
    assert pd.read_csv(tmp_path / CLASSES)["class"].tolist() == ["sky", "sea"]
