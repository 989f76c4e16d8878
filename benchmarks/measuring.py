"""A command in a process of its own: how long it took, how much memory, how fast each epoch was."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["ROOT", "Measured", "epoch_seconds", "history_seconds", "measure", "quiet_machine"]

ROOT = Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class Measured:
    """One process.

    Args:
        seconds: Wall time, from start to exit.
        peak: Peak resident memory in bytes.
    """

    seconds: float
    peak: int


def measure(command: Sequence[str | Path], *, cache: Path | None = None) -> Measured:
    """Run a command from the project's root; its output is shown when it fails.

    Args:
        command: The program and its arguments.
        cache: Where dlcli keeps encoded data.

    Raises:
        SystemExit: It failed.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    if cache is not None:
        environment["DLCLI_CACHE_DIR"] = str(cache)
    started = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.stderr.write(said.decode("utf-8", "replace"))
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Measured(time.perf_counter() - started, usage.ru_maxrss * unit)


def epoch_seconds(result: Path) -> float:
    """The median epoch after the first, of a script's result."""
    return statistics.median(json.loads(result.read_text())[1:])


def history_seconds(run: Path, rows: int) -> float:
    """The same of a run of dlcli, from its `history.csv`."""
    with (run / "history.csv").open(newline="") as stream:
        speeds = [float(row["rows_per_second"]) for row in csv.DictReader(stream)]
    return rows / statistics.median(speeds[1:])


def quiet_machine(limit: float) -> None:
    """Wait until the load of the machine is below `limit`, half a minute at most."""
    for _ in range(30):
        if os.getloadavg()[0] < limit:
            return
        time.sleep(1)
