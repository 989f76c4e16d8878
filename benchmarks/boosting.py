"""`dlcli init` and `dlcli train` beside boosting with its defaults and a plain network: how good, and how long.

For each table and seed the rows are divided anew. All sides have the same rows to train on; those that dlcli validates
on are among them. Errors are those of the test rows: of classes in percent, of numbers the root mean square relative
to the deviation of the test rows. Times are of whole processes, from the CSV file to the predictions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import DLCLI, SIDES, Bench, Measured, Result, measure
from benchmarks.public import PUBLIC, divided

__all__ = ["LIBRARIES", "boosted", "error"]

LIBRARIES = {
    "catboost": "catboost",
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
    "histgradient": "sklearn",
    "mlp": "sklearn",
}
"""What stands beside, and the package that it needs."""

SEEDS = 5


def boosted(name: str, bench: Bench, seeds: Iterable[int] = range(SEEDS)) -> Result:
    """The errors and the seconds of a table, by the side and in the order of the seeds."""
    errors: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    for seed in seeds:
        folder = bench.folder / name.replace(" ", "_").replace(",", "") / str(seed)
        train, test = write(name, seed, folder)
        for side in ("dlcli", *(each for each, needed in LIBRARIES.items() if needed in bench.others)):
            measured, predicted = (
                ours(name, seed, folder) if side == "dlcli" else beside(side, name, seed, folder, bench)
            )
            errors.setdefault(side, []).append(error(name, test, predicted))
            seconds.setdefault(side, []).append(measured)
    return {"rows": len(train) + len(test), "kind": PUBLIC[name].kind, "error": errors, "seconds": seconds}


def write(name: str, seed: int, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write the rows of a seed to `train.csv` and `test.csv`."""
    (folder / "table").mkdir(parents=True, exist_ok=True)
    train, test = divided(name, seed)
    train.to_csv(folder / "table" / "train.csv", index=False)
    test.to_csv(folder / "table" / "test.csv", index=False)
    return train, test


def ours(name: str, seed: int, folder: Path) -> tuple[float, Any]:
    """The seconds of `init`, `train` and `predict`, and what was predicted."""
    config, run, out = folder / "table.yaml", folder / "run", folder / "predicted.csv"
    target = PUBLIC[name].target
    commands: list[list[str | Path]] = [
        ["init", folder / "table", "--target", target, "-o", config, "--overwrite"],
        ["train", config, "--set", f"seed={seed}", "--run-dir", run, "--overwrite"],
        ["predict", run, folder / "table" / "test.csv", "-o", out, "--overwrite"],
    ]
    spent: list[Measured] = [measure([*DLCLI, *each], cache=folder / "cache") for each in commands]
    return sum(each.seconds for each in spent), pd.read_csv(out)["prediction"]


def beside(library: str, name: str, seed: int, folder: Path, bench: Bench) -> tuple[float, Any]:
    """The same of a library."""
    table, result = PUBLIC[name], folder / f"{library}.json"
    files = [folder / "table" / "train.csv", folder / "table" / "test.csv"]
    python = bench.others[LIBRARIES[library]]
    spent = measure([python, SIDES / "boosting_fit.py", library, *files, table.target, table.kind, str(seed), result])
    return spent.seconds, json.loads(result.read_text())


def error(name: str, test: pd.DataFrame, predicted: Any) -> float:
    """Of the test rows; see the top of the file."""
    true = test[PUBLIC[name].target]
    if PUBLIC[name].kind == "classes":
        return float((np.asarray(predicted).astype(str) != true.astype(str).to_numpy()).mean() * 100)
    return float(np.sqrt(np.mean((np.asarray(predicted, float) - true.to_numpy()) ** 2)) / true.std(ddof=0))
