"""A model written by Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["write"]


def write(model: Any, path: Path, outputs: Sequence[str], metadata: Mapping[str, Any]) -> None:
    """See `ExportFormat`."""
    model.save(path)
