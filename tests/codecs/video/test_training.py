"""Films are learnt by what changes in them, and what comes of it predicts the same without TensorFlow."""

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

pytestmark = pytest.mark.tensorflow

LAYERS = {
    "Conv3D": """
    - Conv3D: {filters: 8, kernel_size: 3, padding: same, activation: relu, data_format: channels_first}
    - GlobalMaxPooling3D: {data_format: channels_first}""",
    "ConvLSTM2D": """
    - ConvLSTM2D: {filters: 4, kernel_size: 3}
    - Flatten""",
    "TimeDistributed": """
    - TimeDistributed: {layer: {Conv2D: {filters: 4, kernel_size: 3, strides: 2, activation: relu}}}
    - TimeDistributed: {layer: Flatten}
    - LSTM: {units: 8}""",
}
ORDERS = {"Conv3D": "channels_first", "ConvLSTM2D": "channels_last", "TimeDistributed": "channels_last"}


def write_config(folder: Path, layers: str, order: str, epochs: int, more: str = "") -> Path:
    path = folder / "config.yaml"
    path.write_text(
        f"""
seed: 3
data:
  train: films
  rows: folders
  test: 0.25
  split: stratified
  target: folder
  features: {{path: {{type: video, frames: 4, size: [8, 10], channels: gray, data_format: {order}{more}}}}}
  batch_size: 8
model:
  layers:{layers}
    - Dense: {{units: 2, activation: softmax}}
compile: {{optimizer: {{Adam: {{learning_rate: 0.02}}}}, loss: sparse_categorical_crossentropy, metrics: [accuracy]}}
fit: {{epochs: {epochs}}}
"""
    )
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, films_in: Any) -> Any:
    folder = tmp_path_factory.mktemp("moving")
    films_in(folder / "films", 40)
    return dlcli.train(write_config(folder, LAYERS["Conv3D"], "channels_first", 15), run_dir=folder / "run")


def test_learns(run: Any) -> None:
    assert dlcli.evaluate(run.path).metrics["accuracy"] == 1.0
    assert json.loads((run.path / "run.json").read_text())["portable"]["file"] == "model.onnx"


def test_the_portable_model_is_keras(run: Any, tmp_path: Path, make_film: Any, frames_in: Any) -> None:
    """Whatever the films are: folders and files, longer and shorter, of other sizes and colours."""
    random = np.random.default_rng(1)
    names = []
    for number in range(12):
        shape = (int(random.integers(1, 9)), *random.integers(3, 30, 2).tolist(), 3)
        pixels = random.integers(0, 256, shape).astype(np.uint8)
        names.append(f"{number}.gif" if number % 3 == 2 else f"{number}")
        if number % 3 == 2:
            frames = [Image.fromarray(frame) for frame in pixels]
            frames[0].save(tmp_path / names[-1], save_all=True, append_images=frames[1:])
        else:
            frames_in(tmp_path / names[-1], pixels, suffix=("png", "jpg")[number % 2])
    frame = pd.DataFrame({"path": [str(tmp_path / name) for name in names]})
    with pytest.warns(UserWarning, match="fewer than 4 frames"):
        portable = dlcli.predict(run.path, frame, runtime="portable")
    with pytest.warns(UserWarning, match="fewer than 4 frames"):
        keras = dlcli.predict(run.path, frame, runtime="keras")
    pd.testing.assert_frame_equal(portable, keras, rtol=1e-4, atol=1e-5)
    (tmp_path / "new.csv").write_text("path\n" + "\n".join(names) + "\n")
    code = f"""
import sys, dlcli
dlcli.predict_file({str(run.path)!r}, "new.csv", output="out.csv", listener=lambda event: None)
assert not {{"tensorflow", "keras"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert pd.read_csv(tmp_path / "out.csv")["prediction"].tolist() == portable["prediction"].tolist()


def test_folders_of_films_and_films_themselves_are_predicted(run: Any, tmp_path: Path, films_in: Any) -> None:
    """A row stays a folder of frames, as in training; a folder of nothing but frames is a film itself."""
    films = films_in(tmp_path / "new", 6)

    def predicted(source: Path) -> list[tuple[str, str]]:
        dlcli.predict_file(run.path, source, output=tmp_path / "out.csv", listener=lambda event: None)
        table = pd.read_csv(tmp_path / "out.csv", dtype=str)
        return list(zip(table["path"], table["prediction"], strict=True))

    every = predicted(films)
    assert every == [
        (f"{side}/{number}", side) for side, start in (("left", 0), ("right", 1)) for number in range(start, 6, 2)
    ]
    assert predicted(films / "right" / "3") == [("3", "right")]
    (films / "left" / "0" / "frame9.png").unlink()
    (films / "left" / "0" / "frame9.png").write_bytes(b"nothing")
    with pytest.raises(dlcli.DlcliError) as error:
        predicted(films)
    assert "its frame 'frame9.png'" in error.value.problems[0].message


@pytest.mark.soak
@pytest.mark.parametrize("name", ["ConvLSTM2D", "TimeDistributed"])
def test_other_layers_of_films(name: str, tmp_path: Path, films_in: Any) -> None:
    """Each is proved equal without TensorFlow."""
    films_in(tmp_path / "films", 12)
    run = dlcli.train(write_config(tmp_path, LAYERS[name], ORDERS[name], 1), run_dir=tmp_path / "run")
    assert json.loads((run.path / "run.json").read_text())["portable"]["file"] == "model.onnx"


@pytest.mark.parametrize(
    ("layer", "hint"),
    [
        ("Conv2D: {filters: 2, kernel_size: 3}", "TimeDistributed"),
        ("MaxPooling2D", "MaxPooling3D takes all"),
        ("LSTM: {units: 2}", "TimeDistributed: {layer: Flatten}"),
    ],
)
def test_layers_that_cannot_take_films(layer: str, hint: str, tmp_path: Path, films: Path) -> None:
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.check(write_config(tmp_path, f"\n    - {layer}\n    - Flatten", "channels_last", 1))
    assert hint in error.value.problems[0].hint


def test_a_picture_of_the_first_batch(tmp_path: Path, films: Path) -> None:
    dlcli.check(write_config(tmp_path, "\n    - Flatten", "channels_last", 1), show=tmp_path / "batch.png")
    with Image.open(tmp_path / "batch.png") as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 3 * 128
