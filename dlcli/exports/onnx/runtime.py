"""A model run by ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from dlcli.exports.reload import Arrays, Loaded

__all__ = ["load"]


def load(path: Path, outputs: Sequence[str], code: Sequence[str]) -> Loaded:
    """See `ExportFormat`."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = [each.name for each in session.get_inputs()]

    def run(arrays: Arrays) -> list[NDArray[Any]]:
        values: list[NDArray[Any]] = session.run(list(outputs), {name: arrays[name] for name in inputs})
        return values

    return run
