"""Sounds are learnt by their spectrograms, and what comes of it predicts the same without TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dlcli
from dlcli.config.inspection.inspection import inspect
from dlcli.config.lint.linting import lint
from dlcli.data.prepare import prepare

pytestmark = pytest.mark.tensorflow

STFT = """
    - STFTSpectrogram: {frame_length: 64, mode: log, trainable: false}
    - BatchNormalization
    - GlobalAveragePooling1D
"""
MEL = """
    - Flatten
    - MelSpectrogram: {sampling_rate: 8000, fft_length: 128, sequence_stride: 64, num_mel_bins: 12, top_db: 300}
    - Permute: {dims: [2, 1]}
    - BatchNormalization
    - GlobalAveragePooling1D
"""


def write_config(folder: Path, layers: str, *, epochs: int = 1, feature: str = "rate: 8000, length: 0.1") -> Path:
    path = folder / "config.yaml"
    path.write_text(
        f"""
name: tones
seed: 3
data:
  train: tones
  test: 0.25
  split: stratified
  target: folder
  features: {{path: {{type: audio, {feature}}}}}
  batch_size: 8
model:
  layers:{layers}
    - Dense: {{units: 2, activation: softmax}}
compile: {{optimizer: {{Adam: {{learning_rate: 0.05}}}}, loss: sparse_categorical_crossentropy, metrics: [accuracy]}}
fit: {{epochs: {epochs}}}
"""
    )
    return path


@pytest.fixture(scope="module", params=[pytest.param(STFT, marks=pytest.mark.soak), MEL], ids=["stft", "mel"])
def run(request: Any, tmp_path_factory: pytest.TempPathFactory, tone_folder: Any) -> Any:
    folder = tmp_path_factory.mktemp("sounds")
    tone_folder(folder / "tones")
    return dlcli.train(write_config(folder, request.param, epochs=8), run_dir=folder / "run")


def test_learns(run: Any) -> None:
    assert dlcli.evaluate(run.path).metrics["accuracy"] == 1.0
    record = json.loads((run.path / "run.json").read_text())
    assert record["portable"]["file"] == "model.onnx"


def test_the_portable_model_is_keras(run: Any, tmp_path: Path, wav: Any) -> None:
    """Whatever the files are: of every kind, loud or silent, shorter or longer, named by a table or a folder."""
    random = np.random.default_rng(2)
    names = []
    for place, kind in enumerate(["u8", "i16", "i24", "i32", "f32", "f64"] * 3):
        samples = random.uniform(-1, 1, (int(random.integers(1, 1600)), 1 + place % 3)) * random.choice([0.0, 0.01, 1])
        names.append(f"{place}.wav")
        (tmp_path / names[-1]).write_bytes(wav(samples, kind=kind, extensible=place % 2 == 0))
    frame = pd.DataFrame({"path": [str(tmp_path / name) for name in names]})
    with pytest.warns(UserWarning, match="sounds are"):
        portable = dlcli.predict(run.path, frame, runtime="portable")
    with pytest.warns(UserWarning, match="sounds are"):
        keras = dlcli.predict(run.path, frame, runtime="keras")
    pd.testing.assert_frame_equal(portable, keras, rtol=1e-4, atol=1e-5)
    code = f"""
import sys, dlcli
dlcli.predict_file({str(run.path)!r}, ".", output="../out.csv", listener=lambda event: None)
assert not {{"tensorflow", "keras"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    out = pd.read_csv(tmp_path.parent / "out.csv").set_index("path")
    assert out.loc[names, "prediction"].tolist() == portable["prediction"].tolist()


def test_bad_files_are_named(run: Any, tmp_path: Path, wav: Any) -> None:
    (tmp_path / "note.wav").write_text("no sound")
    (tmp_path / "fast.wav").write_bytes(wav(np.zeros(800), 44100))
    (tmp_path / "new.csv").write_text("path\nnote.wav\nfast.wav\ngone.wav\n")
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.predict_file(run.path, tmp_path / "new.csv", output=tmp_path / "out.csv")
    told = {problem.rule: problem.message for problem in error.value.problems}
    assert "note.wav" in told["bad-audio"]
    assert "44,100" in told["other-rate"]
    assert "gone.wav" in told["file-not-found"]


@pytest.mark.parametrize(
    ("layers", "hint"),
    [
        ("\n    - MelSpectrogram: {fft_length: 128}\n    - Flatten", "put a Flatten before it"),
        ("\n    - Flatten\n    - STFTSpectrogram\n    - Flatten", "Reshape"),
        ("\n    - STFTSpectrogram: {frame_length: 1000}\n    - Flatten", "smaller frame_length"),
        ("\n    - Flatten\n    - MelSpectrogram: {fft_length: 2048}\n    - Flatten", "another fft_length"),
        # Keras reckons 10 steps, and there are 9.
        (
            "\n    - Flatten\n    - MelSpectrogram: {fft_length: 128, sequence_stride: 89}\n    - Flatten",
            "sequence_stride",
        ),
        ("\n    - Conv2D: {filters: 2, kernel_size: 3}\n    - Flatten", "samples of (height, width, channels)"),
    ],
)
def test_sounds_that_a_spectrogram_cannot_take(tmp_path: Path, tones: Path, layers: str, hint: str) -> None:
    """Before training, with the place in the config."""
    with pytest.raises(dlcli.DlcliError) as error:
        dlcli.check(write_config(tmp_path, layers))
    (problem,) = error.value.problems
    assert (problem.rule, problem.path.startswith("model.layers[")) == ("shape", True)
    assert hint in problem.hint


def test_rates_that_the_files_tell_are_held_against_the_layer(tmp_path: Path, tones: Path) -> None:
    for rate, told in ((16000, True), (8000, False)):
        file = write_config(tmp_path, MEL.replace("8000", str(rate)), feature="length: 0.1")
        config = inspect(file).require()
        config = config.model_copy(update={"data": prepare(config.data, seed=1).config})
        assert ("mel-rate" in {warning.rule for warning in lint(config).warnings}) is told


@pytest.mark.parametrize("name", ["hann", "hamming", "blackman"])
def test_windows_are_those_of_their_names(name: str) -> None:
    """Keras makes them with SciPy; here they are numbers."""
    from dlcli.config.catalogue.entries import load
    from dlcli.model.repairs import mended_arguments

    entry = load().get("layers", "STFTSpectrogram")
    assert entry is not None
    for length in (1, 2, 7, 64):
        known = {"hann": np.hanning, "hamming": np.hamming, "blackman": np.blackman}[name]
        made = mended_arguments(entry, {"window": name, "frame_length": length})
        np.testing.assert_allclose(made["window"], known(length), atol=1e-12)
        periodic = mended_arguments(entry, {"window": name, "frame_length": length, "periodic": True})
        np.testing.assert_allclose(periodic["window"], known(length + 1)[:-1] if length > 1 else [1], atol=1e-12)
