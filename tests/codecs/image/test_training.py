"""A table of files of images is trained on, and what comes of it predicts the same with ONNX Runtime and with Keras."""

from __future__ import annotations

import json
import subprocess
import sys
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
    assert found.metrics["accuracy"] > 0.9


def test_pixels_go_in_as_bytes(trained: Any) -> None:
    state = json.loads((trained.path / "preprocessing.json").read_text())["features"][0]
    assert (state["size"], state["channels"]) == ([8, 8], 1)
    record = json.loads((trained.path / "run.json").read_text())
    assert record["portable"]["file"] == "model.onnx"


MODES = {"1": "png", "L": "jpg", "P": "gif", "RGB": "webp", "RGBA": "png", "CMYK": "jpg", "I;16": "png", "LA": "png"}


def test_the_portable_model_is_keras(trained: Any, tmp_path: Path) -> None:
    """Whatever the files are: of any size and mode, named by a table in memory or in a file."""
    random = np.random.default_rng(1)
    names = []
    for place in range(5 * len(MODES)):
        mode, suffix = list(MODES.items())[place % len(MODES)]
        height, width = random.integers(1, 40, 2).tolist()
        pixels = random.integers(0, 256, (height, width, 4)).astype(np.uint8)
        deep = Image.fromarray(random.integers(0, 65536, (height, width)).astype(np.uint16))
        image = deep if mode == "I;16" else Image.fromarray(pixels).convert("RGB").convert(mode)
        image.save(tmp_path / f"{place}.{suffix}")
        names.append(f"{place}.{suffix}")
    frame = pd.DataFrame({"path": [str(tmp_path / name) for name in names]})
    portable = dlcli.predict(trained.path, frame, runtime="portable")
    keras = dlcli.predict(trained.path, frame, runtime="keras")
    pd.testing.assert_frame_equal(portable, keras, rtol=1e-4, atol=1e-5)
    (tmp_path / "new.csv").write_text("path\n" + "\n".join(names) + "\n")
    code = f"""
import sys, dlcli
dlcli.predict_file({str(trained.path)!r}, "new.csv", output="out.csv")
assert not {{"tensorflow", "keras"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert pd.read_csv(tmp_path / "out.csv")["prediction"].tolist() == portable["prediction"].tolist()


def test_a_folder_and_files_themselves_are_predicted(trained: Any, tmp_path: Path) -> None:
    images = tmp_path / "images"
    for name in ("a/1.png", "a/2.png", "b/1.png"):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 40 * int(name[2])).save(images / name)

    def predicted(source: Path | str) -> list[Any]:
        dlcli.predict_file(trained.path, source, output=tmp_path / "out.csv")
        return [tuple(row) for row in pd.read_csv(tmp_path / "out.csv")[["path", "prediction"]].to_numpy()]

    folder = predicted(images)
    assert [path for path, _ in folder] == ["a/1.png", "a/2.png", "b/1.png"]
    assert predicted(f"{images}/*/*.png") == folder
    assert predicted(images / "b" / "1.png") == [("1.png", folder[2][1])]


def test_bad_files_are_named(trained: Any, tmp_path: Path) -> None:
    (tmp_path / "note.png").write_text("no image")
    (tmp_path / "new.csv").write_text("path\nnote.png\ngone.png\n../up.png\nhttps://a.b/c.png\n")
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.predict_file(trained.path, tmp_path / "new.csv", output=tmp_path / "out.csv")
    told = {problem.rule: problem.message for problem in error.value.problems}
    assert {problem.file for problem in error.value.problems} == {tmp_path / "new.csv"}
    assert "note.png" in told["bad-image"]
    assert "../up.png" in told["file-outside"]
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


AUGMENT = """{type: image, augment: [RandomFlip: {mode: horizontal}, RandomErasing]}"""


@pytest.mark.soak
def test_changes_at_random_are_the_same_again(few: Path, config: Any) -> None:
    """In one go or resumed: the same losses to the last bit."""
    whole = dlcli.train(config(few, image=AUGMENT, model=SMALL, epochs=2), run_dir=few / "whole")
    dlcli.train(config(few, image=AUGMENT, model=SMALL, epochs=1), run_dir=few / "part")
    resumed = dlcli.train(resume=few / "part", overrides={"fit.epochs": 2})
    losses = [pd.read_csv(run.path / "history.csv")[["loss", "val_loss"]] for run in (whole, resumed)]
    pd.testing.assert_frame_equal(losses[0], losses[1], check_exact=True)
    plain = dlcli.train(config(few, model=SMALL, epochs=1), run_dir=few / "plain")
    assert pd.read_csv(plain.path / "history.csv")["loss"][0] != losses[0]["loss"][0]


def test_changes_at_random_are_for_training_alone(few: Path, config: Any) -> None:
    """The first epoch's validation is that of a model whose images are as they are: evaluating gives the same."""
    run = dlcli.train(config(few, image=AUGMENT, model=SMALL, epochs=1), run_dir=few / "run")
    told = pd.read_csv(run.path / "history.csv")["val_loss"].iloc[-1]
    for _ in range(2):
        assert dlcli.evaluate(run.path, split="validation").metrics["loss"] == pytest.approx(told, rel=1e-5)


def test_a_picture_of_the_first_batch(few: Path, config: Any) -> None:
    """As many images as a batch has, in a file that opens; the images are changed."""
    path = config(few, image=AUGMENT, model=SMALL, data="  batch_size: 9")
    dlcli.check(path, show=few / "batch.png")
    with Image.open(few / "batch.png") as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 3 * 128
    dlcli.check(path, show=few / "plain.png", overrides=["data.features.path.augment=[]"])
    assert (few / "plain.png").read_bytes() != (few / "batch.png").read_bytes()


def test_nothing_to_show(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("x,y\n" + "\n".join(f"{number},{number}" for number in range(40)))
    settings = {"data": {"train": str(table), "target": "y"}, "model": {"layers": [{"Dense": {"units": 1}}]}}
    with pytest.raises(dlcli.DlcliError, match="nothing to show"):
        dlcli.check(settings, show=tmp_path / "batch.png")
