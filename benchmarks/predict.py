"""How long predictions take: `dlcli predict` beside the script that one would write with Keras.

    python benchmarks/predict.py [--rows 1000000] [--repeat 3]

Both read a CSV of 20 numbers, predict with the same trained model, and write a CSV. Each runs in a process of its own;
the least time of the repetitions counts, and the most memory. The small case is 150 rows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

COLUMNS = 20

SCRIPT = """
import sys
import keras, numpy as np, pandas as pd
model = keras.models.load_model("run/model.keras")
frame = pd.read_csv(sys.argv[1])
scores = model.predict({"features": frame.to_numpy(np.float32)}, batch_size=int(sys.argv[2]), verbose=0)[:, 0]
names = np.where(scores > 0.5, "yes", "no")
columns = {"prediction": names, "probability_no": 1 - scores, "probability_yes": scores}
pd.DataFrame(columns).to_csv("s.csv", index=False)
"""

DLCLI = "from dlcli.cli.main import main; main()"


def write_rows(file: Path, rows: int, *, labelled: bool = False) -> None:
    """Random numbers, block by block; the label is the sign of the sum of three."""
    random = np.random.default_rng(rows)
    names = [f"x{place}" for place in range(COLUMNS)]
    with file.open("wb") as stream:
        for start in range(0, rows, 100_000):
            block = random.normal(size=(min(100_000, rows - start), COLUMNS)).astype(np.float32)
            columns: dict[str, Any] = dict(zip(names, block.T, strict=True))
            if labelled:
                columns["label"] = np.where(block[:, :3].sum(axis=1) > 0, "yes", "no")
            options = pyarrow.csv.WriteOptions(include_header=not start)
            pyarrow.csv.write_csv(pa.table(columns), stream, options)


def measure(directory: Path, *command: str, repeat: int) -> tuple[float, float]:
    """Least wall time in seconds, and greatest memory in MB, of a process."""
    code = (
        "import json, resource, subprocess, sys, time; started = time.perf_counter(); "
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
        "print(json.dumps([time.perf_counter() - started, "
        "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))"
    )
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", code, sys.executable, "-c", *command],
                cwd=directory,
                env=environment,
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(repeat)
    ]
    return min(seconds for seconds, _ in runs), max(memory for _, memory in runs)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    import dlcli

    with tempfile.TemporaryDirectory(prefix="dlcli-bench-") as name:
        directory = Path(name)
        write_rows(directory / "train.csv", 20_000, labelled=True)
        dense, head = {"units": 64, "activation": "relu"}, {"units": 1, "activation": "sigmoid"}
        dlcli.train(
            {
                "data": {"train": str(directory / "train.csv"), "target": "label", "test": 0.1, "batch_size": 512},
                "model": {"layers": [{"Dense": dense}, {"Dense": dense}, {"Dense": head}]},
                "fit": {"epochs": 2},
            },
            run_dir=directory / "run",
        )
        rows: list[tuple[str, float, float]] = []
        for count in (150, arguments.rows, 3 * arguments.rows):
            file = f"{count}.csv"
            write_rows(directory / file, count)
            took = measure(directory, DLCLI, "predict", "run", file, "-o", "out.csv", repeat=arguments.repeat)
            rows.append((f"dlcli predict, {count:,} rows", *took))
            for batch in (32, 8192) if count == arguments.rows else (32,) if count == 150 else ():
                took = measure(directory, SCRIPT, file, str(batch), repeat=1 if count > 10_000 else arguments.repeat)
                rows.append((f"script, {count:,} rows, batch {batch}", *took))
            (directory / file).unlink()
        for what, seconds, memory in rows:
            print(f"{what:<44}{seconds:>8.2f} s {memory:>8.0f} MB")


if __name__ == "__main__":
    main()
