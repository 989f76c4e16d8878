"""Windows over a long table of hours: dlcli, and Keras's tutorial with `timeseries_dataset_from_array` and `fit`.

The peak of memory is measured for a series of 1,000,000 hours, and for 1,000 series of 1,000 steps, against the
bytes of their numbers as float32 beyond what a table of 10,000 hours takes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measuring import DLCLI, SIDES, Bench, Measured, Result, epoch_seconds, history_seconds, measure, spread

__all__ = ["MEMORY", "NETWORKS", "windows", "write_hours"]

LENGTH = 168
EPOCHS = 4
COLUMNS = 3

NETWORKS = {
    "mlp": (
        "MLP over the window, 64",
        60_000,
        "[Flatten, {Dense: {units: 64, activation: relu}}, {Dense: {units: 1}}]",
    ),
    "lstm": ("LSTM(32)", 6_000, "[{LSTM: {units: 32}}, {Dense: {units: 1}}]"),
}
"""What they are called, the hours of the table, and the layers."""

MEMORY = {"10,000 hours": (10_000, 1), "1,000,000 hours": (1_000_000, 1), "1,000 series of 1,000 steps": (1_000, 1_000)}
"""The steps of a series, and how many series there are."""


def write_hours(file: Path, steps: int, series: int = 1) -> None:
    """Write a table of hours with three numbers each."""
    random = np.random.default_rng(0)
    hours = pd.date_range("2000-01-01", periods=steps, freq="h").strftime("%Y-%m-%d %H:%M:%S")
    for place in range(series):
        swing = np.sin(np.arange(steps) * 2 * np.pi / 24)
        numbers = {"load": swing + random.normal(0, 0.1, steps), "heat": random.normal(size=steps), "wind": swing}
        table = pd.DataFrame({"hour": hours, "place": f"p{place}", **numbers}).round(5)
        table.to_csv(file, index=False, mode="a" if place else "w", header=not place)


def config(file: Path, layers: str, *, epochs: int, stride: int = 1) -> str:
    """The config for a table of hours."""
    return (
        f"data:\n  train: {file.name}\n  target: {{load: {{type: number, scale: standard}}}}\n"
        f"  features: [load, heat, wind]\n  batch_size: 32\n"
        f"  windows: {{length: {LENGTH}, horizon: 1, time: hour, series: place, stride: {stride}}}\n"
        f"model: {{layers: {layers}}}\ncompile: {{optimizer: adam, loss: mse, metrics: []}}\n"
        f"fit: {{epochs: {epochs}}}\n"
    )


def windows(bench: Bench) -> Result:
    """Windows a second after the first epoch, the ratios of the pairs, and the peaks of memory."""
    found: Result = {"speed": {}, "peak": {}}
    for name, (title, steps, layers) in NETWORKS.items():
        found["speed"][name] = {"title": title, **_speed(name, steps, layers, bench)}
    for title, (steps, series) in MEMORY.items():
        table, run = bench.folder / "long.csv", bench.folder / "run"
        write_hours(table, steps, series)
        file = bench.folder / "long.yaml"
        file.write_text(config(table, NETWORKS["mlp"][2], epochs=1))
        command = [*DLCLI, "train", file, "--run-dir", run, "--overwrite"]
        peak = measure(command, cache=bench.folder / "cache").peak
        found["peak"][title] = {"peak": peak, "numbers": steps * series * COLUMNS * 4}
        table.unlink()
    return found


def _speed(name: str, steps: int, layers: str, bench: Bench) -> Result:
    table, result, run = bench.folder / "hours.csv", bench.folder / "seconds.json", bench.folder / "run"
    write_hours(table, steps)
    file = bench.folder / "hours.yaml"
    file.write_text(config(table, layers, epochs=EPOCHS))
    count = steps - LENGTH

    def ours() -> tuple[Measured, float]:
        measured = measure([*DLCLI, "train", file, "--run-dir", run, "--overwrite"], cache=bench.folder / "cache")
        return measured, count / history_seconds(run, count)

    def script() -> tuple[Measured, float]:
        command = [DLCLI[0], SIDES / "windows_keras.py", table, str(LENGTH), "32", str(EPOCHS), name, result]
        return measure(command), count / epoch_seconds(result)

    runs = bench.interleave({"script": script, "dlcli": ours})
    speeds = {side: [speed for _, speed in each] for side, each in runs.items()}
    return {
        "windows_per_second": {side: spread(values)["median"] for side, values in speeds.items()},
        "ratio": spread([own / other for own, other in zip(speeds["dlcli"], speeds["script"], strict=True)]),
    }
