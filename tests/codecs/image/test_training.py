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
from dlcli.data.samples.store import Store
from dlcli.training.events import EpochEnded

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


SMALL = """
  layers:
    - Flatten
    - Dense: {units: 16, activation: relu}
    - Dense: {units: 10, activation: softmax}
"""


@pytest.fixture
def few(tmp_path: Path, digits: Any) -> Path:
    digits(tmp_path / "few", rows=160)
    return tmp_path / "few"


def test_a_file_that_goes_bad_while_training_is_named(few: Path, config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What TensorFlow asks for and does not get is told as it is, and not as a fault of TensorFlow's."""
    monkeypatch.setattr(Store, "has_room", lambda self, num_bytes: False)

    def spoil(event: Any) -> None:
        if isinstance(event, EpochEnded):
            for file in (few / "img").iterdir():
                file.write_text("no longer an image")

    with pytest.raises(dlcli.DataError) as error:
        dlcli.train(config(few, model=SMALL, epochs=30), run_dir=few / "run", listener=spoil)
    problem = error.value.problems[0]
    assert problem.rule == "bad-image"
    assert str(few / "img") in problem.message


AUGMENT = """{type: image, augment: [RandomFlip: {mode: horizontal}, RandomTranslation: {height_factor: 0.2,
    width_factor: 0.2}, RandomErasing, RandomBrightness: {factor: 0.2}]}"""


def test_changes_at_random_are_the_same_again(few: Path, config: Any) -> None:
    """In one go or resumed: the same losses to the last bit."""
    whole = dlcli.train(config(few, image=AUGMENT, model=SMALL, epochs=4), run_dir=few / "whole")
    again = dlcli.train(config(few, image=AUGMENT, model=SMALL, epochs=4), run_dir=few / "again")
    dlcli.train(config(few, image=AUGMENT, model=SMALL, epochs=2), run_dir=few / "part")
    resumed = dlcli.train(resume=few / "part", overrides={"fit.epochs": 4})
    losses = [pd.read_csv(run.path / "history.csv")[["loss", "val_loss"]] for run in (whole, again, resumed)]
    for other in losses[1:]:
        pd.testing.assert_frame_equal(other, losses[0], check_exact=True)
    plain = dlcli.train(config(few, model=SMALL, epochs=1), run_dir=few / "plain")
    assert pd.read_csv(plain.path / "history.csv")["loss"][0] != losses[0]["loss"][0]


def test_changes_at_random_are_for_training_alone(few: Path, config: Any) -> None:
    """The first epoch's validation is that of a model whose images are as they are: evaluating gives the same."""
    run = dlcli.train(config(few, image=AUGMENT, model=SMALL, epochs=1), run_dir=few / "run")
    told = pd.read_csv(run.path / "history.csv")["val_loss"].iloc[-1]
    for _ in range(2):
        assert dlcli.evaluate(run.path, split="validation").metrics["loss"] == pytest.approx(told, rel=1e-5)
