"""Peak memory of `dlcli train` on numeric CSV files of several sizes, child processes included.

Each size is trained twice: the first run reads and encodes the file, the second finds it in the cache. Needs Linux
(it reads /proc) and as much free disk as four times the largest size.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.cases import mlp
from benchmarks.measuring import DLCLI, Bench, Result, write_numbers

__all__ = ["SIZES", "memory"]

SIZES = (0.5, 1.0, 2.0)
"""In GB of 1,000,000,000 bytes."""

BYTES_A_ROW = 219

CONFIG = f"""\
data: {{train: data.csv, target: {{y: category}}, validation: 0.1, batch_size: 256}}
{mlp.CONFIG}
fit: {{epochs: 1}}
"""


def memory(size: float, bench: Bench) -> Result:
    """Seconds and peak bytes of the first and the second run."""
    folder = bench.folder / "memory"
    folder.mkdir()
    write_numbers(folder / "data.csv", int(size * 1e9 / BYTES_A_ROW))
    (folder / "config.yaml").write_text(CONFIG)
    result = {run: _train(folder, run) for run in ("first", "second")}
    shutil.rmtree(folder)
    return result


def _train(folder: Path, run: str) -> Result:
    """One training.

    Raises:
        SystemExit: It failed.
    """
    command = [*DLCLI, "train", "config.yaml", "--quiet", "--run-dir", run, "--cache-dir", "cache"]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    peak = _peak(process)
    if process.returncode:
        raise SystemExit(f"dlcli train failed with exit code {process.returncode}")
    return {"seconds": time.perf_counter() - started, "peak": peak}


def _peak(process: subprocess.Popen[bytes]) -> int:
    """The most bytes that a process and its children had together, until it ends; sampled, and its own exactly."""
    peak = 0
    # Until the program is in its place, the child's memory is that of this process.
    while process.poll() is None and b"dlcli\0train" not in Path(f"/proc/{process.pid}/cmdline").read_bytes():
        time.sleep(0.001)
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            own = [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")]
            peak = max(peak, *own, 0)
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(0.02)
    return peak


def _resident(process: int) -> int:
    """Bytes of memory that a process and its children have now; what they share counts once."""
    total = 0
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total = int(line.split()[1]) * 1024
        for task in Path(f"/proc/{process}/task").iterdir():
            total += sum(_resident(int(child)) for child in (task / "children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total
