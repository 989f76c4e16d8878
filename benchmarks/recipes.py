"""How good the presets for tables are: several seeds on small public tables, beside what they follow.

    python -m benchmarks.recipes FOLDER [--seeds 5] [--sides PYTHON] [--presets realmlp ...] [--tables iris ...]

FOLDER takes the splits, the runs and `recipes.json`. Each seed divides a table anew, 60 : 20 : 20, and is the seed of
the network too; all sides have the same rows. With PYTHON, an interpreter that has pytabkit and tabm, their own models
are trained beside, on the same validation rows. Errors are those of the test rows: of classes in percent, of numbers
the root mean square relative to the deviation of the test rows. What has been found is kept in FOLDER and not done
again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import dlcli

__all__ = ["TABLES", "main"]

DATA = Path(__file__).parent.parent / "data"
SIDES = Path(__file__).parent / "sides"


@dataclasses.dataclass(frozen=True)
class Table:
    """A table, and what is to be learnt of it."""

    file: str
    target: str
    kind: str


TABLES = {
    "iris": Table("iris.csv", "species", "category"),
    "wine": Table("wine.csv", "cultivar", "category"),
    "breast cancer": Table("breast_cancer.csv", "diagnosis", "category"),
    "digits": Table("digits.csv.gz", "label", "category"),
    "diabetes": Table("diabetes.csv", "progression", "number"),
    "friedman": Table("", "y", "number"),
    "two spirals": Table("", "y", "category"),
    "mixed": Table("", "y", "number"),
}
"""Of scikit-learn, and three that are made: a smooth function, two classes that wind, numbers beside categories."""

BESIDE = {"realmlp": "pytabkit", "realmlp-s": "pytabkit-s", "tabm-mini": "tabm"}
"""Presets, and whose they are: a program of `sides`, and after a hyphen which of its models."""

PRESETS = ("realmlp", "tabm-mini", "realmlp-s", "mlp")


def frame_of(name: str) -> pd.DataFrame:
    """All rows of a table."""
    if TABLES[name].file:
        return pd.read_csv(DATA / TABLES[name].file)
    random = np.random.default_rng(1)
    if name == "two spirals":
        turn = np.sqrt(random.random(1500)) * 3 * np.pi
        side = random.integers(0, 2, 1500)
        angle = turn + np.pi * side
        noise = random.normal(scale=0.4, size=(2, 1500))
        return pd.DataFrame({"a": turn * np.cos(angle) + noise[0], "b": turn * np.sin(angle) + noise[1], "y": side})
    rows = random.random((1500, 10))
    y = 10 * np.sin(np.pi * rows[:, 0] * rows[:, 1]) + 20 * (rows[:, 2] - 0.5) ** 2 + 10 * rows[:, 3] + 5 * rows[:, 4]
    frame = pd.DataFrame(rows, columns=[f"x{place}" for place in range(10)])
    if name == "mixed":
        frame["x0"] = np.exp(3 * frame.x0)
        frame["shop"] = [f"s{each}" for each in random.integers(0, 20, 1500)]
        frame["open"] = random.choice(["yes", "no"], 1500)
        y = y + frame.shop.str[1:].astype(int).to_numpy() % 7 + 4 * (frame.open == "yes").to_numpy() * rows[:, 3]
    return frame.assign(y=y + random.normal(size=1500))


def error(name: str, folder: Path, predicted: Any) -> float:
    """Of the test rows; see the top of the file."""
    table = TABLES[name]
    true = pd.read_csv(folder / "test.csv")[table.target]
    if table.kind == "category":
        return float((np.asarray(predicted).astype(str) != true.astype(str).to_numpy()).mean() * 100)
    return float(np.sqrt(np.mean((np.asarray(predicted, float) - true) ** 2)) / true.std(ddof=0))


def divide(name: str, seed: int, folder: Path) -> None:
    """Write the three splits of a seed."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = frame_of(name).sample(frac=1, random_state=seed)
    first, second = int(len(frame) * 0.6), int(len(frame) * 0.8)
    for split, part in (("train", frame[:first]), ("validation", frame[first:second]), ("test", frame[second:])):
        part.to_csv(folder / f"{split}.csv", index=False)


def ours(name: str, seed: int, folder: Path, preset: str) -> float:
    """The error of a preset."""
    table = TABLES[name]
    data = {split: str(folder / f"{split}.csv") for split in ("train", "validation")}
    config = {
        "seed": seed,
        "data": {**data, "target": {table.target: table.kind}},
        "model": {"preset": preset},
    }
    run = dlcli.train(config, run_dir=folder / preset, overwrite=True, cache_dir=folder / "cache")
    if run.record["status"] != "completed":
        raise SystemExit(f"{name}, seed {seed}: {preset} was {run.record['status']}")
    return error(name, folder, dlcli.predict(run, pd.read_csv(folder / "test.csv"), runtime="keras")["prediction"])


def beside(name: str, seed: int, folder: Path, python: str, whose: str) -> float:
    """The error of another program's own model."""
    table, result = TABLES[name], folder / f"{whose}.json"
    if not result.exists():
        program, *model = whose.split("-")
        side = SIDES / f"{program}_fit.py"
        subprocess.run([python, side, folder, table.target, table.kind, str(seed), result, *model], check=True)
    return error(name, folder, json.loads(result.read_text()))


def kept(name: str, seed: int, folder: Path, preset: str) -> float:
    """The error of a preset, found now or before."""
    result = folder / f"error-{preset}.json"
    if not result.exists():
        result.write_text(json.dumps(ours(name, seed, folder, preset)))
    return float(json.loads(result.read_text()))


def lines(found: dict[str, dict[str, list[float]]]) -> Iterator[str]:
    """The errors as Markdown: mean and deviation over the seeds."""
    sides = list(dict.fromkeys(side for each in found.values() for side in each))
    yield "| table | " + " | ".join(sides) + " |"
    yield "|---" * (len(sides) + 1) + "|"
    for name, errors in found.items():
        cells = [f"{np.mean(errors[side]):.3g} ± {np.std(errors[side]):.2g}" for side in sides if side in errors]
        yield f"| {name} | " + " | ".join(cells) + " |"


def main() -> None:
    """Measure, and write what was found after each table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tables", nargs="*", default=list(TABLES))
    parser.add_argument("--presets", nargs="*", default=list(PRESETS))
    parser.add_argument("--sides", default="")
    given = parser.parse_args()
    whose = [BESIDE[preset] for preset in given.presets if given.sides and preset in BESIDE]
    found: dict[str, dict[str, list[float]]] = {}
    for name in given.tables:
        found[name] = {side: [] for side in (*given.presets, *whose)}
        for seed in range(given.seeds):
            folder = given.folder / name.replace(" ", "_") / str(seed)
            if not folder.exists():
                divide(name, seed, folder)
            for preset in given.presets:
                found[name][preset].append(kept(name, seed, folder, preset))
            for side in whose:
                found[name][side].append(beside(name, seed, folder, given.sides, side))
        (given.folder / "recipes.json").write_text(json.dumps(found))
        sys.stdout.write("\n".join(lines(found)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
