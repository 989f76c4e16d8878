"""Models of ONNX."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from dlcli.exports.reload import Arrays, Loaded

__all__ = ["load", "write"]


def write(model: Any, path: Path, outputs: Sequence[str], metadata: Mapping[str, Any]) -> None:
    """See `ExportFormat`."""
    from dlcli.exports.metadata import as_texts
    from dlcli.exports.to_onnx import to_onnx

    path.write_bytes(to_onnx(model, tuple(outputs), metadata=as_texts(metadata)))


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
