"""Logs that callbacks of Keras's write as they go: cut back to the epoch that a training goes on from, and closed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras

from dlcli.errors import Problem, RunError
from dlcli.files.replacing import write_file

__all__ = ["append_to_logs", "close_logs", "cut_logs"]


def cut_logs(callbacks: Iterable[Any], epochs: int) -> None:
    """Let each CSVLogger go on with its file after so many epochs; by itself it would begin anew.

    Args:
        callbacks: Before `fit`.
        epochs: The epochs that stay.

    Raises:
        RunError: A file cannot be read or written.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            append_to_logs([callback])
            path = Path(callback.filename)
            try:
                _cut(path, callback.sep, epochs)
            except OSError as error:
                message = f"cannot go on with {path}: {error.strerror or error}"
                raise RunError(Problem(message, rule="not-writable")) from error


def append_to_logs(callbacks: Iterable[Any]) -> None:
    """Let each CSVLogger go on with its file in another `fit` of the same training."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            callback.append = True


def _cut(path: Path, separator: str, epochs: int) -> None:
    if path.is_file():
        header, *rows = path.read_bytes().splitlines(keepends=True) or [b""]
        kept = [row for row in rows if _number(row.partition(separator.encode())[0]) < epochs]
        write_file(path, b"".join([header, *kept]))


def _number(cell: bytes) -> float:
    """The epoch of a row; of half a row, which a killed process has left, there is none."""
    try:
        return int(cell)
    except ValueError:
        return float("inf")


def close_logs(callbacks: Iterable[Any]) -> None:
    """Close what is open: a training that is interrupted does not come to `on_train_end`."""
    for callback in callbacks:
        file = getattr(callback, "csv_file", None) if isinstance(callback, keras.callbacks.CSVLogger) else None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
