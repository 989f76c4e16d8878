"""What committed epochs cost: the first network of `cases/`, trained with commits and without, in turn."""

from __future__ import annotations

import json

import numpy as np

from benchmarks.cases import mlp
from benchmarks.measuring import DLCLI, SIDES, Bench, Result, measure, spread

__all__ = ["commits"]

EPOCHS = 40


def commits(bench: Bench) -> Result:
    """Seconds an epoch by `checkpoint`, wall time and CPU time, and the ratios to `false`."""
    folder = bench.folder
    data, config, result = folder / "commits.npz", folder / "commits.yaml", folder / "seconds.json"
    np.savez(data, **mlp.data())
    config.write_text(
        f"data: {{train: {data.name}, target: {{y: category}}, features: {{x: {{type: number, scale: none}}}}, "
        f"batch_size: {mlp.BATCH}}}\n{mlp.CONFIG}\nfit: {{epochs: {EPOCHS}}}\n"
    )
    measure([DLCLI[0], SIDES / "commits.py", config, str(bench.pairs), result], cache=folder / "cache")
    found = json.loads(result.read_text())
    data.unlink()
    return {
        name: {
            "seconds": spread(each["seconds"]),
            "cpu": spread(each["cpu"]),
            "ratio": spread(
                [own / other for own, other in zip(each["seconds"], found["false"]["seconds"], strict=True)]
            ),
        }
        for name, each in found.items()
    }
