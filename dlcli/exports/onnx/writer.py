"""A model converted to ONNX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlcli.exports.metadata import as_texts
from dlcli.exports.to_onnx import to_onnx

__all__ = ["write"]


def write(model: Any, path: Path, outputs: Sequence[str], metadata: Mapping[str, Any]) -> None:
    """See `ExportFormat`."""
    path.write_bytes(to_onnx(model, tuple(outputs), metadata=as_texts(metadata)))
