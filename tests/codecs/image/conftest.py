"""Small images of digits, as a folder and a table that lists it; and a run that was trained on them."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import dlcli

DATA = Path(__file__).parents[3] / "data"


def write_digits(folder: Path, *, rows: int = 1797, size: int = 8) -> Path:
    """Write digits as PNG files and their table; returns the table."""
    with gzip.open(DATA / "digits.csv.gz", "rt") as stream:
        lines = list(csv.reader(stream))[1 : rows + 1]
    (folder / "img").mkdir(parents=True)
    table = ["path,digit"]
    for place, line in enumerate(lines):
        pixels = (np.array(line[:64], float).reshape(8, 8) * 255 / 16).astype(np.uint8)
        image = Image.fromarray(pixels)
        (image if size == 8 else image.resize((size, size))).save(folder / "img" / f"{place:04}.png")
        table.append(f"img/{place:04}.png,d{line[64]}")
    (folder / "digits.csv").write_text("\n".join(table) + "\n")
    return folder / "digits.csv"


CNN = """
  layers:
    - Conv2D: {filters: 24, kernel_size: 3, padding: same, activation: relu}
    - Conv2D: {filters: 32, kernel_size: 3, padding: same, activation: relu}
    - MaxPooling2D
    - Flatten
    - Dense: {units: 96, activation: relu}
    - Dense: {units: 10, activation: softmax}
"""


def write_config(
    folder: Path, *, image: str = "{type: image}", data: str = "", model: str = CNN, epochs: int = 2, more: str = ""
) -> Path:
    """A config for the digits of a folder."""
    path = folder / "config.yaml"
    path.write_text(
        f"""
name: digits
seed: 3
data:
  train: digits.csv
  validation: 0.1
  test: 0.2
  split: stratified
  target: digit
  features: {{path: {image}}}
{data}
model:{model}
compile: {{optimizer: Adam, loss: sparse_categorical_crossentropy, metrics: [accuracy]}}
fit: {{epochs: {epochs}}}
{more}
"""
    )
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run on all digits, with changes at random."""
    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder)
    image = (
        "{type: image, size: 8, resize: fit, augment: [RandomTranslation: {height_factor: 0.06, width_factor: 0.06}]}"
    )
    return dlcli.train(write_config(folder, image=image, epochs=12), run_dir=folder / "run")


@pytest.fixture(scope="session")
def digits() -> Any:
    """`write_digits`."""
    return write_digits


@pytest.fixture(scope="session")
def config() -> Any:
    """`write_config`."""
    return write_config
