"""The speed of training after the first epoch, dlcli and the script, on the networks of `cases/`."""

from __future__ import annotations

import importlib
import statistics

import numpy as np

from benchmarks.measuring import (
    DLCLI,
    SIDES,
    Bench,
    Measured,
    Result,
    Side,
    epoch_seconds,
    history_seconds,
    measure,
    spread,
)

__all__ = ["CASES", "training"]

CASES = ("mlp", "sigmoid", "normalized", "digits", "words", "series", "images")


def training(case: str, bench: Bench) -> Result:
    """Rows a second of each side, and the ratios of the pairs."""
    module = importlib.import_module(f"benchmarks.cases.{case}")
    arrays = module.data()
    folder = bench.folder
    data, result, run = folder / f"{case}.npz", folder / "seconds.json", folder / "run"
    np.savez(data, **arrays)
    config = folder / f"{case}.yaml"
    config.write_text(
        f"data: {{train: {data.name}, target: {{y: category}}, features: {{x: {{type: number, scale: none}}}}, "
        f"batch_size: {module.BATCH}}}\n{module.CONFIG}\nfit: {{epochs: {module.EPOCHS}}}\n"
    )
    rows = len(arrays["y"])

    def script(python: str, file: str) -> tuple[Measured, float]:
        measured = measure([python, SIDES / file, case, data, str(module.EPOCHS), result])
        return measured, rows / epoch_seconds(result)

    def ours() -> tuple[Measured, float]:
        measured = measure([*DLCLI, "train", config, "--run-dir", run, "--overwrite"], cache=folder / "cache")
        return measured, rows / history_seconds(run, rows)

    beside: dict[str, Side] = {}
    if "torch" in bench.others:
        beside["torch"] = lambda: script(bench.others["torch"], "torch_loop.py")
    if "sklearn" in bench.others and hasattr(module, "SKLEARN"):
        beside["sklearn"] = lambda: script(bench.others["sklearn"], "sklearn_fit.py")
    found = bench.interleave({"script": lambda: script(DLCLI[0], "keras_fit.py"), "dlcli": ours}, beside=beside)
    data.unlink()
    speeds = {name: [speed for _, speed in runs] for name, runs in found.items()}
    return {
        "title": module.TITLE,
        "at_least": module.AT_LEAST,
        "rows_per_second": {name: statistics.median(values) for name, values in speeds.items()},
        "ratio": spread([own / other for own, other in zip(speeds["dlcli"], speeds["script"], strict=True)]),
        "seconds": {name: statistics.median(run.seconds for run, _ in runs) for name, runs in found.items()},
        "peak": {name: max(run.peak for run, _ in runs) for name, runs in found.items()},
    }
