"""A folder of small text files, until its vocabulary is known: dlcli, and Keras's `text_dataset_from_directory` with
`TextVectorization.adapt`.

dlcli also hashes every file and encodes all texts. Whole processes are compared, TensorFlow's start among them, which
dlcli does not need to read; and the time of the processor that the reading alone takes, once all is imported.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from benchmarks.measuring import DLCLI, SIDES, Bench, Measured, Result, measure, spread

__all__ = ["TEXTS", "texts", "write_texts"]

TEXTS = 5_000
WORDS = 30_000


def write_texts(folder: Path, count: int) -> None:
    """Write files in a folder for each of two classes: words as frequent as they are in languages."""
    random = np.random.default_rng(0)
    letters = list("abcdefghijklmnoprstuvw")
    words = np.array(["".join(random.choice(letters, random.integers(2, 10))) for _ in range(WORDS)])
    shares = 1 / np.arange(1, WORDS + 1)
    for number in range(count):
        place = folder / ("pos" if number % 2 else "neg")
        if number < 2:
            place.mkdir(parents=True)
        chosen = random.choice(words, random.integers(50, 400), p=shares / shares.sum())
        (place / f"{number}.txt").write_text(" ".join(chosen.tolist()).capitalize() + ".")


def texts(bench: Bench) -> Result:
    """The seconds of each side, of the process and of the reading alone, and the ratios."""
    folder, result = bench.folder / "texts", bench.folder / "seconds.json"
    write_texts(folder, TEXTS)

    def side(name: str) -> tuple[Measured, float]:
        measured = measure([DLCLI[0], SIDES / name, folder, result])
        return measured, json.loads(result.read_text())[0]

    found = bench.interleave({"script": lambda: side("texts_keras.py"), "dlcli": lambda: side("texts.py")})
    shutil.rmtree(folder)
    pairs = list(zip(found["script"], found["dlcli"], strict=True))
    return {
        "process_seconds": {name: spread([run.seconds for run, _ in runs]) for name, runs in found.items()},
        "reading_seconds": {name: spread([seconds for _, seconds in runs]) for name, runs in found.items()},
        "process": spread([theirs[0].seconds / own[0].seconds for theirs, own in pairs]),
        "reading": spread([theirs[1] / own[1] for theirs, own in pairs]),
    }
