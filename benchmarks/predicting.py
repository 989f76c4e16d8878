"""`dlcli predict` against the script that one would write with Keras: from a CSV of 20 numbers to a CSV."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.cases import mlp
from benchmarks.measuring import DLCLI, SIDES, Bench, Measured, Result, Side, measure, spread, write_numbers

__all__ = ["SIZES", "predicting", "train"]

SIZES: dict[int, tuple[int, ...]] = {150: (32,), 1_000_000: (32, 8192), 3_000_000: ()}
"""Rows, and the batch sizes of the scripts that predict them too."""

CONFIG = f"""\
data: {{train: train.csv, target: {{y: category}}, test: 0.1, batch_size: 512}}
{mlp.CONFIG}
fit: {{epochs: 2}}
"""


def train(folder: Path) -> Path:
    """The run that predicts."""
    write_numbers(folder / "train.csv", 20_000)
    (folder / "predicting.yaml").write_text(CONFIG)
    run = folder / "predicting"
    measure([*DLCLI, "train", folder / "predicting.yaml", "--run-dir", run], cache=folder / "cache")
    return run


def predicting(rows: int, run: Path, bench: Bench) -> Result:
    """Seconds and memory of each side, and how many times faster dlcli is than the scripts."""
    folder = bench.folder
    data = folder / "rows.csv"
    write_numbers(data, rows, labelled=False)

    def ours() -> tuple[Measured, float]:
        return measure([*DLCLI, "predict", run, data, "-o", folder / "predictions.csv"]), 0.0

    def script(batch: int) -> tuple[Measured, float]:
        command = [DLCLI[0], SIDES / "predict_script.py", run / "model.keras", data, str(batch), folder / "script.csv"]
        return measure(command), 0.0

    scripts: dict[str, Side] = {str(batch): lambda batch=batch: script(batch) for batch in SIZES[rows]}  # type: ignore[misc]
    found = bench.interleave({"dlcli": ours, **scripts})
    data.unlink()
    seconds = {name: [measured.seconds for measured, _ in runs] for name, runs in found.items()}
    return {
        "seconds": {name: statistics.median(values) for name, values in seconds.items()},
        "ratio": {
            name: spread([other / own for own, other in zip(seconds["dlcli"], seconds[name], strict=True)])
            for name in scripts
        },
        "peak": {name: max(measured.peak for measured, _ in runs) for name, runs in found.items()},
    }
