"""The shipped configs of images in float32 and in mixed_bfloat16, with several seeds: what is learnt, and in what time.

`runtime.precision` would be chosen by itself only if models learnt as well and faster.
"""

from __future__ import annotations

import json
import statistics

from benchmarks.measuring import DLCLI, ROOT, Bench, Result, measure

__all__ = ["precision"]

CONFIGS = {
    "digits_images": "accuracy",
    "digits_cnn": "accuracy",
    "masks": "accuracy",
    "autoencoder_cnn": "mae",
}
"""Each with the metric of its test split."""

PRECISIONS = ("float32", "mixed_bfloat16")
SEEDS = range(5)


def precision(bench: Bench) -> Result:
    """Of each config the metric for each seed, and the median of the CPU seconds of the command."""
    result: Result = {}
    for config, metric in CONFIGS.items():
        found: Result = {name: {"metric": [], "cpu": []} for name in PRECISIONS}
        for seed in SEEDS:
            for name in PRECISIONS:
                run = bench.folder / "precision"
                command = [*DLCLI, "train", ROOT / "configs" / f"{config}.yaml", "--run-dir", run, "--overwrite"]
                command += ["--set", f"seed={seed}", "--set", f"runtime.precision={name}", "--quiet"]
                measured = measure(command, cache=bench.folder / "cache")
                metrics = json.loads((run / "run.json").read_text())["metrics"]
                found[name]["metric"].append(metrics["test" if "test" in metrics else "validation"][metric])
                found[name]["cpu"].append(measured.cpu)
        result[config] = {"metric": metric, **found}
        result[config]["share"] = statistics.median(found[PRECISIONS[1]]["cpu"]) / statistics.median(
            found[PRECISIONS[0]]["cpu"]
        )
    return result
