"""The whole command against the whole script: start, read a CSV, train three epochs, save."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.cases import mlp
from benchmarks.measuring import DLCLI, SIDES, Bench, Measured, Result, measure, spread, write_numbers

__all__ = ["ROWS", "whole"]

ROWS = (100_000, 10_000)


def whole(rows: int, bench: Bench) -> Result:
    """Seconds of each side, and which share of the script's dlcli takes."""
    folder = bench.folder
    data, config, run = folder / f"table{rows}.csv", folder / "table.yaml", folder / "run"
    write_numbers(data, rows)
    config.write_text(
        f"data: {{train: {data.name}, target: {{y: category}}, batch_size: 32}}\n{mlp.CONFIG}\nfit: {{epochs: 3}}\n"
    )

    def script() -> tuple[Measured, float]:
        return measure([DLCLI[0], SIDES / "script.py", data, "3", folder / "model.keras"]), 0.0

    def ours() -> tuple[Measured, float]:
        with tempfile.TemporaryDirectory(dir=folder) as cache:  # empty: the table is read each time
            return measure([*DLCLI, "train", config, "--run-dir", run, "--overwrite"], cache=Path(cache)), 0.0

    found = bench.interleave({"script": script, "dlcli": ours})
    seconds = {name: [measured.seconds for measured, _ in runs] for name, runs in found.items()}
    return {
        "seconds": {name: statistics.median(values) for name, values in seconds.items()},
        "share": spread([own / other for own, other in zip(seconds["dlcli"], seconds["script"], strict=True)]),
        "peak": {name: max(measured.peak for measured, _ in runs) for name, runs in found.items()},
    }
