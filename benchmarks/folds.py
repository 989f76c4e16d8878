"""Several folds in one command: beside one training, and beside a command for each fold.

    python -m benchmarks.run folds

The folds, the network and the numbers are the same on all sides; each command is a process of its own.
"""

from __future__ import annotations

import statistics

from benchmarks.measuring import DLCLI, ROOT, Bench, Measured, Result, Side, measure, spread

__all__ = ["COUNT", "folds"]

COUNT, EPOCHS = 5, 40

CONFIG = ROOT / "configs" / "breast_cancer_folds.yaml"


def folds(bench: Bench) -> Result:
    """Seconds of each side, to how many trainings the folds come, and to how many times that a command for each."""

    def command(name: str, *arguments: str) -> Measured:
        fixed = ["--set", f"fit.epochs={EPOCHS}", "--run-dir", str(bench.folder / "f"), "--overwrite"]
        return measure([*DLCLI, name, CONFIG, *arguments, *fixed], cache=bench.folder / "cache")

    def fold(number: int) -> Measured:
        return command("train", "--set", f"data.fold={{number: {number}, of: {COUNT}}}")

    def each() -> tuple[Measured, float]:
        every = [fold(number) for number in range(1, COUNT + 1)]
        peak = max(one.peak for one in every)
        return Measured(sum(one.seconds for one in every), peak, sum(one.cpu for one in every)), 0

    sides: dict[str, Side] = {
        "together": lambda: (command("cross-validate", "--folds", str(COUNT)), 0),
        "one": lambda: (fold(1), 0),
        "each": each,
    }
    found = {name: [each.seconds for each, _ in runs] for name, runs in bench.interleave(sides).items()}
    return {
        "folds": COUNT,
        "epochs": EPOCHS,
        "seconds": {name: statistics.median(values) for name, values in found.items()},
        "trainings": spread([one / other for one, other in zip(found["together"], found["one"], strict=True)]),
        "ratio": spread([one / other for one, other in zip(found["each"], found["together"], strict=True)]),
    }
