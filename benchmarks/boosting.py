"""`dlcli init` and `dlcli train` beside boosting with its defaults and a plain network: how good, and how long.

For each table and seed the rows are divided anew. All sides have the same rows to train on; those that dlcli validates
on are among them. Errors are those of the test rows: of classes in percent, of numbers the root mean square relative
to the deviation of the test rows. Times are of whole processes, from the CSV file to the predictions: by the clock, and
of all cores together, which another load of the machine changes less.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import DLCLI, SIDES, Bench, Measured, Result, measure
from benchmarks.public import PUBLIC, divided

__all__ = ["LIBRARIES", "boosting", "error", "write"]


@dataclasses.dataclass(frozen=True)
class Learnt:
    """What a side has learnt of the rows to train on.

    Args:
        predicted: For the test rows.
        seconds: Wall time of its processes.
        cpu: Seconds of all cores together.
    """

    predicted: Any
    seconds: float
    cpu: float

    @classmethod
    def of(cls, spent: Sequence[Measured], predicted: Any) -> Learnt:
        """Of some processes."""
        return cls(predicted, sum(each.seconds for each in spent), sum(each.cpu for each in spent))


LIBRARIES = {
    "catboost": "catboost",
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
    "histgradient": "sklearn",
    "mlp": "sklearn",
}
"""What stands beside, and the package that it needs."""

SIDES_IN_TURN = ("dlcli", *LIBRARIES)


def boosting(bench: Bench, names: Sequence[str] = tuple(PUBLIC)) -> Iterator[Result]:
    """After each seed what all seeds so far have shown: by the table, the errors and seconds of each side.

    What a side has shown of a table and a seed is kept in the folder, and not done again.
    """
    sides = [side for side in SIDES_IN_TURN if side == "dlcli" or LIBRARIES[side] in bench.others]
    found: dict[str, Result] = {
        name: {"kind": PUBLIC[name].kind, "error": {}, "seconds": {}, "cpu": {}} for name in names
    }
    for seed in range(bench.pairs):
        shown = {(name, side): kept(name, seed, side, bench) for name in names for side in sides}
        for (name, side), each in shown.items():
            found[name]["rows"] = each["rows"]
            for key in found[name].keys() & each.keys() - {"rows"}:
                found[name][key].setdefault(side, []).append(each[key])
        yield found


def kept(name: str, seed: int, side: str, bench: Bench) -> Result:
    """What a side shows of a table and a seed, found now or before."""
    folder = bench.folder / name.replace(" ", "_").replace(",", "") / str(seed)
    result = folder / f"error-{side}.json"
    if not result.exists():
        train, test = write(name, seed, folder)
        run = ours(name, seed, folder) if side == "dlcli" else beside(side, name, seed, folder, bench)
        found = {"rows": len(train) + len(test), "error": error(name, test, run.predicted)}
        result.write_text(json.dumps({**found, "seconds": run.seconds, "cpu": run.cpu}) + "\n")
    return dict(json.loads(result.read_text()))


def write(name: str, seed: int, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write the rows of a seed to `train.csv` and `test.csv`."""
    (folder / "table").mkdir(parents=True, exist_ok=True)
    train, test = divided(name, seed)
    train.to_csv(folder / "table" / "train.csv", index=False)
    test.to_csv(folder / "table" / "test.csv", index=False)
    return train, test


def ours(name: str, seed: int, folder: Path) -> Learnt:
    """`init`, `train` and `predict`."""
    config, run, out = folder / "table.yaml", folder / "run", folder / "predicted.csv"
    target = PUBLIC[name].target
    out.unlink(missing_ok=True)
    commands: list[list[str | Path]] = [
        ["init", folder / "table", "--target", target, "-o", config, "--overwrite"],
        ["train", config, "--set", f"seed={seed}", "--run-dir", run, "--overwrite"],
        ["predict", run, folder / "table" / "test.csv", "-o", out],
    ]
    spent = [measure([*DLCLI, *each], cache=folder / "cache") for each in commands]
    return Learnt.of(spent, pd.read_csv(out)["prediction"])


def beside(library: str, name: str, seed: int, folder: Path, bench: Bench) -> Learnt:
    """The same of a library."""
    table, result = PUBLIC[name], folder / f"{library}.json"
    files = [folder / "table" / "train.csv", folder / "table" / "test.csv"]
    python = bench.others[LIBRARIES[library]]
    command = [python, SIDES / "boosting_fit.py", library, *files, table.target, table.kind, str(seed), result]
    return Learnt.of([measure(command)], json.loads(result.read_text()))


def error(name: str, test: pd.DataFrame, predicted: Any) -> float:
    """Of the test rows; see the top of the file."""
    true = test[PUBLIC[name].target]
    if PUBLIC[name].kind == "classes":
        return float((np.asarray(predicted).astype(str) != true.astype(str).to_numpy()).mean() * 100)
    return float(np.sqrt(np.mean((np.asarray(predicted, float) - true.to_numpy()) ** 2)) / true.std(ddof=0))
