"""Every other kind of network: is training with dlcli anywhere slower than the script?

The script loads the model that dlcli has built, with its compile settings, and fits it on the data set of tutorials.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from benchmarks.measuring import DLCLI, SIDES, Bench, Measured, Result, epoch_seconds, history_seconds, measure, spread

__all__ = ["KINDS", "kind"]

HEAD = "{Dense: {units: 1, activation: sigmoid}}"
DENSE = "{Dense: {units: 64, activation: relu}}"
WIDE = "{Dense: {units: 1024, activation: relu}}"
CONV = "{Conv1D: {filters: 32, kernel_size: 3, activation: relu}}"
SEPARABLE = "{SeparableConv2D: {filters: 16, kernel_size: 3}}, BatchNormalization, ReLU, GlobalAveragePooling2D"
NORMALIZED = "{Dense: {units: 128, activation: gelu}}, LayerNormalization, {Dropout: {rate: 0.2}}"

# name: the shape of a row, rows, batch size, the layers before the last, further sections
KINDS: dict[str, tuple[tuple[int, ...], int, int, str, str]] = {
    "GRU(64), batch 32": ((32, 8), 8000, 32, "{GRU: {units: 64}}", ""),
    "LSTM(128), batch 64": ((32, 8), 8000, 64, "{LSTM: {units: 128}}", ""),
    "Bidirectional LSTM(32), batch 32": ((32, 8), 6000, 32, "{Bidirectional: {layer: {LSTM: {units: 32}}}}", ""),
    "SimpleRNN(32), batch 32": ((32, 8), 8000, 32, "{SimpleRNN: {units: 32}}", ""),
    "Conv1D 32-32, batch 32": ((64, 8), 20_000, 32, f"{CONV}, {CONV}, GlobalMaxPooling1D", ""),
    "SeparableConv2D with BatchNormalization, batch 32": ((28, 28, 1), 4000, 32, SEPARABLE, ""),
    "1024-1024 dense, batch 64": ((64,), 20_000, 64, f"{WIDE}, {WIDE}", ""),
    "LayerNormalization and Dropout, batch 32": ((20,), 50_000, 32, NORMALIZED, ""),
    "64-1 dense, batch 1": ((20,), 4000, 1, DENSE, ""),
    "64-1 dense, batch 4096": ((20,), 200_000, 4096, DENSE, ""),
    "64-1 dense, batch full": ((20,), 50_000, 50_000, DENSE, ""),
    "64-1 dense, 200 rows, batch 32": ((20,), 200, 32, DENSE, ""),
    "64-1 dense, mixed precision, batch 32": ((20,), 50_000, 32, DENSE, "runtime: {precision: mixed_bfloat16}"),
    "64-1 dense, graph loop, batch 32": ((20,), 50_000, 32, DENSE, "runtime: {execution: graph}"),
}


def kind(name: str, bench: Bench) -> Result:
    """Rows a second of each side, and the ratios of the pairs."""
    shape, rows, batch, layers, more = KINDS[name]
    folder = bench.folder
    epochs = 30 if rows < 1000 else 4
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, *shape)).astype(np.float32)
    arrays: dict[str, Any] = {"x": x, "y": (x.reshape(rows, -1)[:, 0] > 0).astype(np.int32)}
    data, result, run, config = folder / "kind.npz", folder / "seconds.json", folder / "run", folder / "kind.yaml"
    np.savez(data, **arrays)
    config.write_text(
        f"data: {{train: {data.name}, target: {{y: category}}, features: {{x: {{type: number, scale: none}}}}, "
        f"batch_size: {batch}}}\nmodel: {{layers: [{layers}, {HEAD}]}}\n{more}\nfit: {{epochs: {epochs}}}\n"
    )

    def ours() -> tuple[Measured, float]:
        measured = measure([*DLCLI, "train", config, "--run-dir", run, "--overwrite"], cache=folder / "cache")
        return measured, rows / history_seconds(run, rows)

    def script() -> tuple[Measured, float]:
        command = [DLCLI[0], SIDES / "keras_refit.py", run / "model.keras", data, str(batch), str(epochs), result]
        return measure(command), rows / epoch_seconds(result)

    found = bench.interleave({"dlcli": ours, "script": script})
    data.unlink()
    speeds = {side: [speed for _, speed in runs] for side, runs in found.items()}
    execution = json.loads((run / "run.json").read_text())["execution"]
    return {
        "execution": execution["mode"],
        "ratio": spread([own / other for own, other in zip(speeds["dlcli"], speeds["script"], strict=True)]),
        "rows_per_second": {side: spread(values)["median"] for side, values in speeds.items()},
    }
