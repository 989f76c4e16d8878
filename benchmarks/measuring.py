"""Commands in processes of their own, in turn: how long each took, how much memory, how fast each epoch was."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

__all__ = [
    "DLCLI",
    "ROOT",
    "SIDES",
    "Bench",
    "Measured",
    "Result",
    "epoch_seconds",
    "history_seconds",
    "measure",
    "spread",
    "write_numbers",
]

ROOT = Path(__file__).resolve().parent.parent
SIDES = ROOT / "benchmarks" / "sides"
DLCLI = (sys.executable, "-m", "dlcli")

# A process of its own, because a child's memory begins as that of its parent: this one is small.
LAUNCH = """
import json, os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([time.perf_counter() - started, usage.ru_maxrss, usage.ru_utime + usage.ru_stime]))
sys.exit(os.waitstatus_to_exitcode(status))
"""

Result = dict[str, Any]
Side = Callable[[], "tuple[Measured, float]"]


@dataclasses.dataclass(frozen=True)
class Bench:
    """How to measure.

    Args:
        folder: For files; it is empty, and removed at the end.
        pairs: How often each side runs.
        load: Wait for a load of the machine below this.
        others: The Python of what stands beside where it can do the job: `torch`, `sklearn`.
    """

    folder: Path
    pairs: int
    load: float
    others: Mapping[str, str]

    def interleave(
        self, sides: Mapping[str, Side], *, beside: Mapping[str, Side] | None = None
    ) -> dict[str, list[tuple[Measured, float]]]:
        """Run the sides in turn (A B A B ...), so that whatever else the machine does falls on both.

        Args:
            sides: Each is called once a pair.
            beside: These are called once.
        """
        found: dict[str, list[tuple[Measured, float]]] = {}
        if sys.dont_write_bytecode:  # then the first process of each side compiles thousands of modules
            for run in sides.values():
                run()
        for place in range(self.pairs):
            for name, run in {**sides, **((beside or {}) if place == 0 else {})}.items():
                quiet_machine(self.load)
                found.setdefault(name, []).append(run())
        return found


@dataclasses.dataclass(frozen=True)
class Measured:
    """One process.

    Args:
        seconds: Wall time, from start to exit.
        peak: Peak resident memory in bytes.
        cpu: Seconds of all cores together, which another load of the machine changes less.
    """

    seconds: float
    peak: int
    cpu: float


def measure(
    command: Sequence[str | Path],
    *,
    cache: Path | None = None,
    directory: Path | None = None,
    packages: Sequence[Path] = (),
) -> Measured:
    """Run a command; what it says is shown when it fails.

    Args:
        command: The program and its arguments.
        cache: Where dlcli keeps encoded data.
        directory: Where it runs; the project's root when None.
        packages: Folders of packages that the command has besides.

    Raises:
        SystemExit: It failed.
    """
    path = os.pathsep.join(map(str, [ROOT, *packages]))
    environment = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    if sys.dont_write_bytecode:
        # As pip installs it a package is compiled. Where nothing is, TensorFlow takes 8 s to load instead of 2.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "dlcli-bytecode")
    if cache is not None:
        environment["DLCLI_CACHE_DIR"] = str(cache)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCH, *map(str, command)],
        cwd=directory or ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    seconds, peak, cpu = json.loads(done.stdout)
    return Measured(seconds, peak * (1 if sys.platform == "darwin" else 1024), cpu)


def epoch_seconds(result: Path) -> float:
    """The median epoch after the first, of a script's result."""
    return statistics.median(json.loads(result.read_text())[1:])


def history_seconds(run: Path, rows: int) -> float:
    """The same of a run of dlcli, from its `history.csv`."""
    with (run / "history.csv").open(newline="") as stream:
        speeds = [float(row["rows_per_second"]) for row in csv.DictReader(stream)]
    return rows / statistics.median(speeds[1:])


def spread(values: Sequence[float]) -> Result:
    """The median of the values, with the least and the greatest."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def write_numbers(path: Path, rows: int, *, labelled: bool = True) -> None:
    """Write a CSV of 20 random numbers a row, block by block; the label `y` is a class of two."""
    random = np.random.default_rng(0)
    with path.open("wb") as stream:
        for start in range(0, rows, 100_000):
            x = random.normal(size=(min(100_000, rows - start), 20)).astype(np.float32)
            columns: dict[str, Any] = {f"x{place}": x[:, place] for place in range(20)}
            if labelled:
                columns["y"] = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(np.int32)
            options = pyarrow.csv.WriteOptions(include_header=not start)
            pyarrow.csv.write_csv(pa.table(columns), stream, options)


def quiet_machine(limit: float) -> None:
    """Wait until the load of the machine is below `limit`, half a minute at most."""
    for _ in range(30):
        if os.getloadavg()[0] < limit:
            return
        time.sleep(1)
