"""A model's file, written whole or not at all: Keras itself would destroy the old one when it is stopped on the way."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from dlcli.errors import Problem, RunError

__all__ = ["save_model"]


def save_model(model: Any, path: Path) -> None:
    """Write a `.keras` file that appears whole or not at all.

    Raises:
        RunError: The disk is full or the file cannot be written.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=".model.", suffix=".keras", dir=path.parent)
    os.close(descriptor)
    try:
        model.save(temporary)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise RunError(Problem(f"cannot write {path}: {error.strerror or error}", rule="not-writable")) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
