"""The benchmark: dlcli and the scripts that people write, in turn, on the same data and network; run by `make bench`.

Every measurement is a fresh process, and the sides alternate (A B A B ...), so that whatever else the machine does
falls on both. What is compared is the median of the pairs' ratios. Results go to `results.json`; with `--write` the
tables go into the README, between its markers.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import ROOT, Measured, epoch_seconds, history_seconds, measure, quiet_machine
from benchmarks.tables import training_table, whole_table, write_tables

CASES = ("mlp", "sigmoid", "normalized", "digits", "words", "series", "images")
SIDES = ROOT / "benchmarks" / "sides"
DLCLI = Path(sys.executable).with_name("dlcli")
OTHERS = {"torch": "torch_loop.py", "sklearn": "sklearn_fit.py"}
"""What stands beside, where a case can be done with it and it is installed."""

Result = dict[str, Any]
Side = Callable[[], tuple[Measured, float]]
Runs = list[tuple[Measured, float]]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}, whole, reading; all when none is named")
    parser.add_argument("--pairs", type=int, default=5, help="how often each side runs")
    parser.add_argument("--load", type=float, default=0.7, help="wait for a load of the machine below this")
    parser.add_argument("--alone", action="store_true", help="without PyTorch and scikit-learn")
    parser.add_argument("--write", action="store_true", help="write the tables into README.md")
    options = parser.parse_args()
    wanted = options.cases or [*CASES, "whole", "reading"]
    others = {} if options.alone else dict(_others())
    path = ROOT / "benchmarks" / "results.json"
    results: Result = json.loads(path.read_text()) if path.exists() else {"training": {}, "whole": {}, "reading": {}}
    results["machine"] = machine()

    def keep() -> None:
        path.write_text(json.dumps(results, indent=2) + "\n")

    with tempfile.TemporaryDirectory(prefix="dlcli-bench-") as name:
        folder = Path(name)
        for case in CASES:
            if case in wanted:
                results["training"][case] = training(case, folder, options.pairs, options.load, others)
                print(training_table({case: results["training"][case]}, head=False), flush=True)
                keep()
        if "whole" in wanted:
            for rows in (100_000, 10_000):
                results["whole"][str(rows)] = whole(rows, folder, options.pairs, options.load)
                print(whole_table({str(rows): results["whole"][str(rows)]}, head=False), flush=True)
                keep()
        if "reading" in wanted:
            results["reading"] = reading(folder, options.pairs, options.load)
            print(results["reading"], flush=True)
    keep()
    print(training_table(results["training"]))
    print(whole_table(results["whole"]))
    if options.write:
        write_tables(ROOT / "README.md", results)


def training(case: str, folder: Path, pairs: int, load: float, others: dict[str, str]) -> Result:
    """The speed of training after the first epoch."""
    module = importlib.import_module(f"benchmarks.cases.{case}")
    arrays = module.data()
    data, result, run = folder / f"{case}.npz", folder / "seconds.json", folder / "run"
    np.savez(data, **arrays)
    config = folder / f"{case}.yaml"
    config.write_text(
        f"data: {{train: {data.name}, target: {{y: category}}, features: {{x: {{type: number, scale: none}}}}, "
        f"batch_size: {module.BATCH}}}\n{module.CONFIG}\nfit: {{epochs: {module.EPOCHS}}}\n"
    )
    rows = len(arrays["y"])

    def script(python: str | Path, file: str) -> tuple[Measured, float]:
        measured = measure([python, SIDES / file, case, data, str(module.EPOCHS), result])
        return measured, rows / epoch_seconds(result)

    def ours() -> tuple[Measured, float]:
        measured = measure([DLCLI, "train", config, "--run-dir", run, "--overwrite"], cache=folder / "cache")
        return measured, rows / history_seconds(run, rows)

    sides: dict[str, Side] = {
        "script": lambda: script(sys.executable, "keras_fit.py"),
        "dlcli": ours,
    }
    for name, python in others.items():
        if name == "torch" or hasattr(module, "SKLEARN"):
            sides[name] = lambda name=name, python=python: script(python, OTHERS[name])  # type: ignore[misc]
    found = _interleave(sides, pairs, load, beside={name: sides.pop(name) for name in others if name in sides})
    data.unlink()
    speeds = {name: [speed for _, speed in runs] for name, runs in found.items()}
    return {
        "title": module.TITLE,
        "at_least": module.AT_LEAST,
        "rows_per_second": {name: statistics.median(values) for name, values in speeds.items()},
        "ratio": _spread([own / other for own, other in zip(speeds["dlcli"], speeds["script"], strict=True)]),
        "seconds": {name: statistics.median(run.seconds for run, _ in runs) for name, runs in found.items()},
        "peak": {name: max(run.peak for run, _ in runs) for name, runs in found.items()},
    }


def whole(rows: int, folder: Path, pairs: int, load: float) -> Result:
    """The whole command against the whole script: start, read a CSV, three epochs, save."""
    module = importlib.import_module("benchmarks.cases.mlp")
    arrays = module.data()
    data, config, run = folder / f"table{rows}.csv", folder / "table.yaml", folder / "run"
    _write_csv(data, arrays["x"][:rows], arrays["y"][:rows])
    config.write_text(
        f"data: {{train: {data.name}, target: {{y: category}}, batch_size: 32}}\n{module.CONFIG}\nfit: {{epochs: 3}}\n"
    )

    def ours() -> tuple[Measured, float]:
        with tempfile.TemporaryDirectory(dir=folder) as cache:  # empty: the table is read each time
            return measure([DLCLI, "train", config, "--run-dir", run, "--overwrite"], cache=Path(cache)), 0.0

    sides: dict[str, Side] = {
        "script": lambda: (measure([sys.executable, SIDES / "script.py", data, "3", folder / "model.keras"]), 0.0),
        "dlcli": ours,
    }
    found = _interleave(sides, pairs, load, beside={})
    seconds = {name: [measured.seconds for measured, _ in runs] for name, runs in found.items()}
    return {
        "seconds": {name: statistics.median(values) for name, values in seconds.items()},
        "share": _spread([own / other for own, other in zip(seconds["dlcli"], seconds["script"], strict=True)]),
        "peak": {name: max(measured.peak for measured, _ in runs) for name, runs in found.items()},
    }


def reading(folder: Path, pairs: int, load: float) -> Result:
    """Reading and encoding a numeric CSV, in MB (1,000,000 bytes) a second, and the start of a second run on it."""
    rows = 1_000_000
    x = np.random.default_rng(0).normal(size=(rows, 20)).astype(np.float32)
    data, result = folder / "large.csv", folder / "seconds.json"
    _write_csv(data, x, (x[:, 0] > 0).astype(np.int32))
    seconds: dict[str, list[float]] = {"first": [], "second": []}
    for place in range(pairs):
        quiet_machine(load)
        cache = folder / f"cache{place}"
        for each in seconds:
            measure([sys.executable, SIDES / "reading.py", data, result], cache=cache)
            seconds[each].append(json.loads(result.read_text()))
    size = data.stat().st_size
    return {
        "bytes": size,
        "first": _spread([size / 1e6 / each for each in seconds["first"]]),
        "second_seconds": _spread(seconds["second"]),
    }


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    from importlib.metadata import version

    return {
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorflow", "keras", "numpy")},
    }


def _interleave(sides: Mapping[str, Side], pairs: int, load: float, beside: Mapping[str, Side]) -> dict[str, Runs]:
    """Run the sides in turn; what stands beside runs once."""
    found: dict[str, Runs] = {}
    for place in range(pairs):
        for name, run in {**sides, **(beside if place == 0 else {})}.items():
            quiet_machine(load)
            found.setdefault(name, []).append(run())
    return found


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def _others() -> Iterator[tuple[str, str]]:
    """The environment of the others, and which of them it has."""
    python = ROOT / ".venv" / "bench" / "bin" / "python"
    for name in OTHERS:
        if python.exists() and not subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode:
            yield name, str(python)


def _write_csv(path: Path, x: Any, y: Any) -> None:
    import pyarrow as pa
    import pyarrow.csv

    columns = {f"x{place}": x[:, place] for place in range(x.shape[1])}
    pyarrow.csv.write_csv(pa.table({**columns, "y": y}), path)


if __name__ == "__main__":
    main()
