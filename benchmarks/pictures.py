"""Small PNG files, three epochs, the whole command: dlcli, the script of Keras's tutorials, and a loop of PyTorch's.

The tutorial's script reads a folder for each class with `image_dataset_from_directory`, `cache` and `prefetch`;
PyTorch's decodes with Pillow in a DataLoader of two workers. Of dlcli nothing is in the cache. The peak of its memory
is measured for ten times as many files too.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.measuring import DLCLI, SIDES, Bench, Measured, Result, measure, spread

__all__ = ["MANY", "PICTURES", "pictures", "write_pictures"]

PICTURES = 5_000
MANY = 50_000
EPOCHS = 3
SIDE = 64
CLASSES = 5

CONFIG = """\
name: pictures
data:
  train: pictures
  target: folder
  features: {path: {type: image, size: [64, 64], channels: rgb}}
  batch_size: 32
model:
  layers:
    - Conv2D: {filters: 16, kernel_size: 3, strides: 2, activation: relu}
    - MaxPooling2D
    - Conv2D: {filters: 32, kernel_size: 3, activation: relu}
    - MaxPooling2D
    - Flatten
    - Dense: {units: 5, activation: softmax}
compile: {optimizer: adam, loss: sparse_categorical_crossentropy, metrics: [accuracy]}
"""


def write_pictures(folder: Path, count: int) -> None:
    """Write files in a folder for each class."""
    from PIL import Image

    random = np.random.default_rng(0)
    ground = random.integers(0, 256, (64, SIDE, SIDE, 3)).astype(np.uint8)
    for number in range(count):
        kind = number % CLASSES
        place = folder / f"kind{kind}"
        if number < CLASSES:
            place.mkdir(parents=True)
        pixels = np.roll(ground[number % 64] // 4, number, axis=1)
        pixels[12 * kind : 12 * kind + 12] += 120
        Image.fromarray(pixels).save(place / f"{number}.png", compress_level=1)


def pictures(bench: Bench) -> Result:
    """Images a second of each side over the whole command, the ratios, and the peaks of memory."""
    folder = bench.folder
    write_pictures(folder / "pictures", PICTURES)
    config = folder / "pictures.yaml"
    config.write_text(f"{CONFIG}fit: {{epochs: {EPOCHS}}}\n")

    def script() -> tuple[Measured, float]:
        command = [DLCLI[0], SIDES / "pictures_keras.py", folder / "pictures", str(EPOCHS), folder / "model.keras"]
        return measure(command), 0.0

    def torch() -> tuple[Measured, float]:
        command = [bench.others["torch"], SIDES / "pictures_torch.py", folder / "pictures", str(EPOCHS)]
        return measure(command), 0.0

    sides: dict[str, Callable[[], tuple[Measured, float]]] = {"script": script, "dlcli": lambda: _ours(folder, config)}
    if "torch" in bench.others:
        sides["torch"] = torch
    found = bench.interleave(sides)
    seconds = {name: [measured.seconds for measured, _ in runs] for name, runs in found.items()}
    result: Result = {
        "images_per_second": {name: PICTURES * EPOCHS / statistics.median(each) for name, each in seconds.items()},
        "ratio": {
            name: spread([other / own for own, other in zip(seconds["dlcli"], each, strict=True)])
            for name, each in seconds.items()
            if name != "dlcli"
        },
        "peak": {name: max(measured.peak for measured, _ in runs) for name, runs in found.items()},
    }
    shutil.rmtree(folder / "pictures")
    write_pictures(folder / "pictures", MANY)
    result["peak"]["many"] = _ours(folder, config)[0].peak
    shutil.rmtree(folder / "pictures")
    return result


def _ours(folder: Path, config: Path) -> tuple[Measured, float]:
    with tempfile.TemporaryDirectory(dir=folder) as cache:  # empty: the files are decoded each time
        command = [*DLCLI, "train", config, "--run-dir", folder / "run", "--overwrite"]
        return measure(command, cache=Path(cache)), 0.0
