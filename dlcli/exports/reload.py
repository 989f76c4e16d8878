"""An exported model in its own runtime, in a process of its own that knows nothing of dlcli's config and of the run.

    python -m dlcli.exports.reload REQUEST

reads REQUEST, JSON that says what to do, and from an `.npz` file the inputs, an array `=<name>` for each (`~<name>`: of
the bytes of JSON); runs the model on all rows, and then on each of the first rows alone; and writes an `.npz` file with
arrays `<batch>=<place>`, batch 0 being all rows.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.errors import ModelError, Problem
from dlcli.exports import formats

__all__ = ["Arrays", "Loaded", "main", "packed", "reload", "unpacked"]

Arrays = Mapping[str, NDArray[Any]]
Loaded = Callable[[Arrays], Sequence[NDArray[Any]]]
"""What a format's `load` gives: from an array for each input to an array for each output, in order."""


def reload(
    model: Path,
    inputs: Arrays,
    *,
    format: formats.ExportFormat,
    outputs: Sequence[str],
    singles: int,
    code: Sequence[str],
) -> list[list[NDArray[Any]]]:
    """Run a written model in another process.

    Args:
        model: The file or the directory; what the processes tell each other is left beside it.
        inputs: An array `(rows, ...)` for each input.
        format: Its format.
        outputs: The name of each output.
        singles: How many of the first rows to run alone as well.
        code: The user's own Python files.

    Returns:
        The outputs for all rows, then those for each row alone.

    Raises:
        ModelError: The runtime is not installed, or does not take the model.
    """
    folder = Path(tempfile.mkdtemp(dir=model.parent))  # the model itself may have any name
    given, results, request = (folder / name for name in ("inputs.npz", "results.npz", "request.json"))
    np.savez(given, **dict(packed(name, values) for name, values in inputs.items()))  # type: ignore[arg-type]
    asked = {
        "format": format.name,
        "folders": formats.folders_path(),
        "model": str(model),
        "inputs": str(given),
        "results": str(results),
        "outputs": list(outputs),
        "singles": singles,
        "code": list(code),
    }
    request.write_text(json.dumps(asked))
    done = subprocess.run(
        # -P: without it the working directory, which may be a stranger's, is where modules are looked for first.
        [sys.executable, "-P", "-m", "dlcli.exports.reload", str(request)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        missing = "ModuleNotFoundError" in last or "ImportError" in last
        hint = f"install the runtime: {format.install}" if format.install and missing else ""
        message = f"the exported model cannot be used in its own runtime: {last}"
        raise ModelError(Problem(message, hint=hint, rule="export-differs"))
    with np.load(results) as archive:
        return [[archive[f"{batch}={place}"] for place in range(len(outputs))] for batch in range(singles + 1)]


def packed(name: str, values: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    """An array as an archive holds it; texts of any length are JSON, for objects would be pickled."""
    if values.dtype != np.object_:
        return f"={name}", values
    return f"~{name}", np.frombuffer(json.dumps(values.tolist()).encode(), np.uint8)


def unpacked(name: str, values: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    """What was packed."""
    return name[1:], values if name[0] == "=" else np.array(json.loads(values.tobytes()), np.object_)


def main(request: str) -> None:
    """Do what a request says."""
    asked: Mapping[str, Any] = json.loads(Path(request).read_text())
    importlib.import_module("dlcli.exports").__path__ = asked["folders"]
    with np.load(asked["inputs"]) as archive:
        arrays = dict(unpacked(name, archive[name]) for name in archive.files)
    model = importlib.import_module(f"dlcli.exports.{asked['format']}.model")
    run: Loaded = model.load(Path(asked["model"]), asked["outputs"], asked["code"])
    singles = ({key: values[row : row + 1] for key, values in arrays.items()} for row in range(asked["singles"]))
    values = {
        f"{batch}={place}": value
        for batch, each in enumerate([arrays, *singles])
        for place, value in enumerate(run(each))
    }
    np.savez(asked["results"], **values)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(sys.argv[1])
