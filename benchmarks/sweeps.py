"""Trials a minute: `dlcli sweep` beside the script that people write (Optuna and Keras's `fit`), and KerasTuner.

    python -m benchmarks.run sweeps [--trials 300] [--pairs 5]

Every side is a fresh process, the sides alternate, and all search the same values of the same network on iris by
the same measure. The scripts make a tenth of the trials, which take as long as ours. KerasTuner runs where `make bench`
could install it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.measuring import DLCLI, ROOT, SIDES, Bench, Measured, Result, Side, measure, spread

__all__ = ["sweeps"]

EPOCHS = 40

FEWER = 10
"""So many times fewer trials the scripts make: 300 would take half an hour, and each takes as long as the last."""

TUNER = ROOT / ".venv" / "tuner"
"""KerasTuner and what it needs besides TensorFlow, where `make bench` could install it."""

CONFIG = f"""\
name: bench
data:
  train: {ROOT / "data" / "iris.csv"}
  validation: 0.2
  split: stratified
  target: species
  batch_size: 16
model:
  layers:
    - Dense: {{units: 32, activation: relu}}
    - Dropout: {{rate: 0.1}}
    - Dense: {{units: 3, activation: softmax}}
compile:
  optimizer: {{Adam: {{learning_rate: 0.01}}}}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
fit: {{epochs: {EPOCHS}}}
sweep:
  metric: val_loss
  keep: 1
  space:
    compile.optimizer.Adam.learning_rate: {{log: [1e-4, 1e-1]}}
    model.layers.0.Dense.units: {{int: [16, 128, 16]}}
    model.layers.0.Dense.activation: [relu, gelu]
    model.layers.1.Dropout.rate: {{range: [0, 0.5]}}
"""


def sweeps(bench: Bench, trials: int) -> Result:
    """Trials a minute of each side, and how many times those of the script."""
    config = bench.folder / "sweep.yaml"
    config.write_text(CONFIG)

    def dlcli(workers: int) -> tuple[Measured, float]:
        place = bench.folder / "s"
        shutil.rmtree(place, ignore_errors=True)
        command = [*DLCLI, "sweep", config, "--trials", str(trials), "--workers", str(workers), "--run-dir", place]
        return measure(command, cache=bench.folder / "cache"), 0.0

    fewer = max(1, trials // FEWER)
    counts = {"dlcli": trials, "dlcli, two workers": trials, "Optuna and fit": fewer, "KerasTuner": fewer}

    def script(name: str, *packages: Path) -> tuple[Measured, float]:
        command = [sys.executable, SIDES / f"{name}.py", ROOT / "data" / "iris.csv", str(fewer), str(EPOCHS)]
        return measure(command, directory=bench.folder, packages=packages), 0.0

    sides: dict[str, Side] = {
        "dlcli": lambda: dlcli(1),
        "dlcli, two workers": lambda: dlcli(2),
        "Optuna and fit": lambda: script("sweep_optuna"),
    }
    if (TUNER / "keras_tuner").is_dir():
        sides["KerasTuner"] = lambda: script("sweep_keras_tuner", TUNER)
    runs = bench.interleave(sides)
    found = {name: [60 * counts[name] / each.seconds for each, _ in measured] for name, measured in runs.items()}
    ratios = {
        name: spread([one / other for one, other in zip(found["dlcli"], values, strict=True)])
        for name, values in found.items()
        if name != "dlcli"
    }
    return {"trials": trials, "per_minute": {name: spread(values) for name, values in found.items()}, "ratios": ratios}
