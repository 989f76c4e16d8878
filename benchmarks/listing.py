"""How long `dlcli runs list` takes over thousands of run directories: seconds of the processor, with its start-up.

python -m benchmarks.listing [RUNS]
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 5000
REPEATS = 5
EPOCHS = 20


def make_runs(folder: Path, count: int) -> None:
    """Write so many finished runs, as small trainings leave them."""
    for number in range(count):
        run = folder / f"iris-{number:05d}"
        (run / "evaluations").mkdir(parents=True)
        record = json.dumps(_record(number), indent=2)
        (run / "run.json").write_text(record)
        (run / "config.yaml").write_text(f"name: iris\nseed: {number}\nfit:\n  epochs: {EPOCHS}\n")
        rows = [f"{epoch},0.05,9000.0,{0.5 + epoch / 100},{1 / epoch}" for epoch in range(1, EPOCHS + 1)]
        (run / "history.csv").write_text("\n".join(["epoch,seconds,rows_per_second,accuracy,loss", *rows, ""]))


def _record(number: int) -> dict[str, object]:
    """A `run.json` of the size that trainings write."""
    metrics = {"loss": 1 / (number + 1), "accuracy": 1 - 1 / (number + 2)}
    notices = [{"message": f"column {each}: a number", "path": "", "hint": "", "rule": "inferred"} for each in range(4)]
    return {
        "format": 1,
        "status": "completed",
        "started": f"2026-11-{number % 28 + 1:02d}T06:{number % 60:02d}:30+00:00",
        "finished": f"2026-11-{number % 28 + 1:02d}T07:{number % 60:02d}:30+00:00",
        "seconds": 13.882,
        "epochs": EPOCHS,
        "metrics": {"train": metrics, "validation": metrics, "test": metrics},
        "directions": {"loss": "min", "accuracy": "max"},
        "name": "iris",
        "seed": number,
        "rows": {"train": 105, "validation": 15, "test": 30},
        "data": {"train": [{"path": "iris.csv", "bytes": 3716, "sha256": "9" * 64}]},
        "columns": ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"],
        "argv": ["dlcli", "train", "configs/iris.yaml", "--set", "fit.epochs=20"],
        "versions": {"python": "3.12.1", "dlcli": "0.1.0", "keras": "3.15.1", "tensorflow": "2.21.0"},
        "hardware": {"platform": "Linux-6.18-x86_64-with-glibc2.36", "machine": "x86_64", "cpus": 2},
        "git": {"commit": "2" * 40},
        "model_epoch": EPOCHS,
        "model": "model.keras",
        "execution": {"mode": "graph", "stack": 6},
        "portable": {"file": "model.onnx", "sha256": "7" * 64, "proof": {"rows": 30, "difference": 5e-08}},
        "findings": notices,
    }


def seconds(*arguments: str, folder: Path) -> float:
    """Seconds of the processor that a command takes, the lowest of some repeats."""
    command = [str(Path(sys.executable).with_name("dlcli")), *arguments]
    taken = []
    for _ in range(REPEATS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return statistics.median(taken)


def main() -> None:
    """Make the runs and measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_runs(folder / "runs", count)
        os.mkdir(folder / "none")
        start = seconds("runs", "list", "none", folder=folder)
        print(f"start-up: {start:.2f} s")
        for arguments in (
            ("runs", "list"),
            ("runs", "list", "--sort", "accuracy", "--where", "test.accuracy>0.5"),
            ("runs", "list", "--json"),
            ("runs", "list", "--sort", "val_accuracy:max", "--column", "last.loss"),
        ):
            if "val_accuracy:max" in arguments:
                arguments = ("runs", "list", "--sort", "best.loss")
            print(f"dlcli {' '.join(arguments)}, {count:,} runs: {seconds(*arguments, folder=folder):.2f} s")


if __name__ == "__main__":
    main()
