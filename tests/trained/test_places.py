"""Targets of any shape: a class for each pixel or token, images and series of numbers, the input itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli

pytestmark = pytest.mark.tensorflow

SIZE, ROWS = 8, 60


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bright squares on dark images `x` (rows, 8, 8, 1), their `mask` (rows, 8, 8), and a mask with a border."""
    random = np.random.default_rng(3)
    mask = np.zeros((ROWS, SIZE, SIZE), np.uint8)
    for image in mask:
        top, left = random.integers(0, 5, 2)
        image[top : top + 4, left : left + 4] = 1
    x = (mask * 200 + random.integers(0, 40, mask.shape)).astype(np.uint8)[..., np.newaxis]
    border = mask.copy()
    border[:, 0] = 255
    file = tmp_path_factory.mktemp("places") / "rows.npz"
    np.savez(file, x=x, mask=mask, border=border, clean=(mask * 255).astype(np.uint8), series=x[:, 0, :, 0] * 3.0)
    return file


def config(file: Path, target: Any, layers: list[Any], **compiled: Any) -> dict[str, Any]:
    return {
        "seed": 1,
        "data": {"train": str(file), "test": 0.2, "target": target, "features": ["x"], "batch_size": 8},
        "model": {"layers": layers},
        "compile": {"optimizer": {"Adam": {"learning_rate": 0.02}}, **compiled},
        "fit": {"epochs": 8},
    }


def conv(filters: int, **more: Any) -> dict[str, Any]:
    return {"Conv2D": {"filters": filters, "kernel_size": 3, "padding": "same", **more}}


def both_ways(run: Any) -> dict[str, Any]:
    """What an evaluation tells, which Keras and the portable model do alike."""
    keras, portable = (dlcli.evaluate(run, runtime=runtime) for runtime in ("keras", "portable"))
    assert portable.metrics == pytest.approx(keras.metrics, rel=2e-5, abs=1e-6)
    return {**portable.document(), "metrics": keras.metrics}


def test_a_class_for_each_pixel(arrays: Path, tmp_path: Path) -> None:
    layers = [conv(6, activation="relu"), {"Conv2D": {"filters": 2, "kernel_size": 1, "activation": "softmax"}}]
    settings = config(arrays, {"mask": "category"}, layers)
    settings["fit"]["class_weight"] = "balanced"
    run = dlcli.train(settings, run_dir=tmp_path / "run")
    report = both_ways(run)
    assert report["accuracy"] == pytest.approx(report["metrics"]["accuracy"], abs=1e-6)
    assert report["accuracy"] > 0.95
    assert 0.8 < report["macro_average"]["iou"] <= 1
    assert sum(each["support"] for each in report["classes"].values()) == 12 * SIZE * SIZE
    for suffix in ("npz", "csv", "jsonl", "parquet"):
        dlcli.predict_file(run, str(arrays), output=tmp_path / f"out.{suffix}")
    with np.load(tmp_path / "out.npz") as found:
        masks, sure = found["prediction"], found["probability_1"]
    assert masks.shape == (ROWS, SIZE, SIZE)
    assert ((sure > 0.5) == masks).all()
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table) == ["prediction", "probability_0", "probability_1"]
    csv = table["prediction"].map(json.loads)
    lines = pd.read_json(tmp_path / "out.jsonl", lines=True)["prediction"]
    stored = pd.read_parquet(tmp_path / "out.parquet")["prediction"]
    for column in (csv, lines):
        assert np.array_equal(np.array(column.tolist()), masks)
    assert np.array_equal(np.array([[*map(list, image)] for image in stored]), masks)


def test_pixels_that_are_not_learnt(arrays: Path, tmp_path: Path) -> None:
    layers = [conv(6, activation="relu"), conv(2, activation="softmax")]
    settings = config(arrays, {"border": {"type": "category", "ignore": [255]}}, layers)
    run = dlcli.train({**settings, "fit": {"epochs": 2}}, run_dir=tmp_path / "run")
    found = dlcli.evaluate(run)
    report = found.document()
    assert sum(each["support"] for each in report["classes"].values()) == 12 * (SIZE - 1) * SIZE
    assert report["accuracy"] == pytest.approx(found.metrics["accuracy"], abs=1e-6)
    assert "ignore_class: -1" in (tmp_path / "run" / "config.yaml").read_text(encoding="utf-8")


@pytest.mark.soak
def test_an_image_from_an_image_and_itself(arrays: Path, tmp_path: Path) -> None:
    layers = [conv(4, activation="relu"), conv(1, activation="sigmoid")]
    for target in ({"again": {"from": "x"}}, "clean"):
        settings = config(arrays, target, layers, loss="binary_crossentropy")
        run = dlcli.train({**settings, "fit": {"epochs": 2}}, run_dir=tmp_path / str(len(target)))
        report = both_ways(run)
        assert report["mae"] == pytest.approx(report["metrics"]["mae"], rel=1e-4)  # of 0 to 255
        assert report["mae"] > 2
    dlcli.predict_file(run, str(arrays), output=tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        assert found["prediction"].shape == (ROWS, SIZE, SIZE)
        assert 2 < found["prediction"].max() <= 255


@pytest.mark.soak
def test_a_series_of_numbers_in_its_own_unit(arrays: Path, tmp_path: Path) -> None:
    layers = [{"Reshape": {"target_shape": [SIZE, SIZE]}}, {"Dense": {"units": 1}}]
    run = dlcli.train({**config(arrays, "series", layers), "fit": {"epochs": 1}}, run_dir=tmp_path / "run")
    report = both_ways(run)
    assert report["mae"] == pytest.approx(report["metrics"]["mae"], rel=1e-4)
    assert list(report["columns"]) == list(map(str, range(SIZE)))


@pytest.mark.parametrize(
    ("target", "layers", "said"),
    [
        ("mask", [{"Conv2D": {"filters": 2, "kernel_size": 3, "activation": "softmax"}}], "(6, 6, 2)"),
        ("mask", [{"Flatten": {}}, {"Dense": {"units": 2, "activation": "softmax"}}], "the shape (2) a sample"),
        ("clean", [{"Flatten": {}}, {"Dense": {"units": 64}}], "has (8, 8)"),
    ],
)
def test_an_output_of_another_shape(arrays: Path, target: str, layers: list[Any], said: str, tmp_path: Path) -> None:
    kind = {target: "category"} if target == "mask" else target
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.train(config(arrays, kind, layers), run_dir=tmp_path / "run")
    (problem,) = error.value.problems
    assert problem.rule == "shape-target"
    assert said in problem.message
    assert "8, 8" in problem.message
    assert not (tmp_path / "run").exists()


def test_the_next_word(tmp_path: Path) -> None:
    texts = ["a b c d a b", "b c d a b c", "c d a"] * 20
    pd.DataFrame({"text": texts}).to_csv(tmp_path / "rows.csv", index=False)
    target = {"next": {"from": "text", "shift": 1}}
    layers = [
        {"Embedding": {"input_dim": 6, "output_dim": 8}},
        {"Dense": {"units": 6, "activation": "softmax"}},
    ]
    settings = config(tmp_path / "rows.csv", target, layers)
    settings["data"]["features"] = {"text": {"type": "text", "encode": {"sequence": 6}}}
    run = dlcli.train({**settings, "fit": {"epochs": 20}}, run_dir=tmp_path / "run")
    found = dlcli.evaluate(run)
    assert found.metrics["accuracy"] == found.reports["next"]["accuracy"] == 1.0
    assert found.reports["next"]["classes"]["<padding>"]["support"] == 0
    (cells,) = dlcli.predict(run, pd.DataFrame({"text": ["c d a b c d"]}))["prediction"]
    assert list(cells) == ["d", "a", "b", "c", "d", "a"]
