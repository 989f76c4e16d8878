"""A table of files of images is trained on, and what comes of it predicts the same with ONNX Runtime and with Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import dlcli

pytestmark = pytest.mark.tensorflow


def test_learns(trained: Any) -> None:
    found = dlcli.evaluate(trained.path)
    assert found.metrics["accuracy"] > 0.95


def test_pixels_go_in_as_bytes(trained: Any) -> None:
    state = json.loads((trained.path / "preprocessing.json").read_text())["features"][0]
    assert (state["size"], state["channels"]) == ([8, 8], 1)
    record = json.loads((trained.path / "run.json").read_text())
    assert record["portable"]["file"] == "model.onnx"


def test_the_portable_model_is_keras(trained: Any, tmp_path: Path) -> None:
    """Whatever the files are: of other sizes there is an error, of other modes there is not."""
    random = np.random.default_rng(1)
    images = {
        "gray.png": Image.fromarray(random.integers(0, 256, (8, 8)).astype(np.uint8)),
        "rgb.webp": Image.fromarray(random.integers(0, 256, (8, 8, 3)).astype(np.uint8)),
        "rgba.png": Image.fromarray(random.integers(0, 256, (8, 8, 4)).astype(np.uint8)),
        "deep.png": Image.fromarray(random.integers(0, 65536, (8, 8)).astype(np.uint16)),
        "photo.jpg": Image.fromarray(random.integers(0, 256, (8, 8, 3)).astype(np.uint8)),
        "two.bmp": Image.fromarray(random.random((8, 8)) > 0.5),
    }
    for name, image in images.items():
        image.save(tmp_path / name)
    frame = pd.DataFrame({"path": [str(tmp_path / name) for name in images]})
    portable = dlcli.predict(trained.path, frame, runtime="portable")
    keras = dlcli.predict(trained.path, frame, runtime="keras")
    pd.testing.assert_frame_equal(portable, keras, rtol=1e-4, atol=1e-5)
    (tmp_path / "new.csv").write_text("path\n" + "\n".join(images) + "\n")
    dlcli.predict_file(trained.path, tmp_path / "new.csv", output=tmp_path / "out.csv")
    assert pd.read_csv(tmp_path / "out.csv")["prediction"].tolist() == portable["prediction"].tolist()


def test_bad_files_are_named(trained: Any, tmp_path: Path) -> None:
    (tmp_path / "note.png").write_text("no image")
    Image.new("L", (9, 9)).save(tmp_path / "large.png")
    (tmp_path / "new.csv").write_text("path\nnote.png\ngone.png\n../up.png\nlarge.png\nhttps://a.b/c.png\n")
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.predict_file(trained.path, tmp_path / "new.csv", output=tmp_path / "out.csv")
    told = {problem.rule: problem.message for problem in error.value.problems}
    assert {problem.file for problem in error.value.problems} == {tmp_path / "new.csv"}
    assert "note.png" in told["bad-image"]
    assert "../up.png" in told["file-outside"]
    assert "large.png" in told["mixed-images"]
    assert [problem.rule for problem in error.value.problems].count("file-not-found") == 2
