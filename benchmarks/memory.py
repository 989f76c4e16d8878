"""Peak memory of `dlcli train` on numeric CSV files of several sizes, child processes included.

    python benchmarks/memory.py                  # 0.5, 1 and 2 GB
    python benchmarks/memory.py --sizes 0.1 0.2

Each size is trained twice: the first run reads and encodes the file, the second finds it in the cache. Needs Linux
(it reads /proc) and as much free disk as four times the largest size.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

COLUMNS = 20
ROWS_AT_ONCE = 100_000

CONFIG = """\
data: {train: data.csv, target: y, validation: 0.1, batch_size: 256}
model:
  layers:
    - Dense: {units: 64, activation: relu}
    - Dense: {units: 64, activation: relu}
    - Dense: {units: 1, activation: sigmoid}
compile: {loss: binary_crossentropy}
fit: {epochs: 1}
"""


def write_table(file: Path, num_bytes: float) -> None:
    """A table of normal numbers and a class, of about so many bytes."""
    random = np.random.default_rng(0)
    with file.open("wb") as stream:
        stream.write((",".join([*(f"x{place}" for place in range(COLUMNS)), "y"]) + "\n").encode())
        while stream.tell() < num_bytes:
            numbers = random.normal(size=(ROWS_AT_ONCE, COLUMNS)).round(6)
            classes = (numbers[:, :3].sum(axis=1) > 0).astype(np.int64)
            columns = {**{f"x{place}": numbers[:, place] for place in range(COLUMNS)}, "y": classes}
            pacsv.write_csv(pa.table(columns), stream, pacsv.WriteOptions(include_header=False))


def resident(process: int) -> int:
    """Bytes of memory that a process and its children have now."""
    total = 0
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total = int(line.split()[1]) * 1024
        for task in Path(f"/proc/{process}/task").iterdir():
            total += sum(resident(int(child)) for child in (task / "children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total


def peak_of(process: subprocess.Popen[bytes]) -> int:
    """The most memory that a process and its children had together, until it ends; sampled, and its own exactly."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident(process.pid))
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            own = [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")]
            peak = max(peak, *own, 0)
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(0.02)
    return peak


def measure(directory: Path, run: str) -> tuple[float, int]:
    """Seconds and peak bytes of one training."""
    command = [sys.executable, "-m", "dlcli", "train", "config.yaml", "--quiet"]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--run-dir", run, "--cache-dir", "cache"], cwd=directory, stdout=subprocess.DEVNULL
    )
    peak = peak_of(process)
    if process.returncode:
        sys.exit(f"dlcli train failed with exit code {process.returncode}")
    return time.perf_counter() - started, peak


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.5, 1.0, 2.0], metavar="GB", help="of the files")
    sizes = parser.parse_args().sizes
    write = sys.stdout.write
    write(f"{'CSV, GB':>8} {'run':>8} {'seconds':>8} {'peak, MiB':>10}\n")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="dlcli-memory-") as name:
            directory = Path(name)
            write_table(directory / "data.csv", size * 1e9)
            (directory / "config.yaml").write_text(CONFIG)
            for run in ("first", "second"):
                seconds, peak = measure(directory, run)
                write(f"{size:8.2f} {run:>8} {seconds:8.1f} {peak / 2**20:10.0f}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
