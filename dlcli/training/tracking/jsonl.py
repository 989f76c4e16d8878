"""A tracker that writes each event as a line of JSON, for programs that follow a training by its files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli.files.replacing import write_file
from dlcli.training.tracking.tracker import TrackedEnd, TrackedEpoch, TrackedJob

__all__ = ["JsonlTracker"]


class JsonlTracker:
    """Writes `begin`, `epoch` and `end` events; when a run goes on, after those of the epochs that it goes on from.

    Args:
        file: Where they go, in the run directory.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def begin(self, job: TrackedJob) -> Mapping[str, Any]:
        """Write what the training is."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_file(self._file, b"".join(self._kept(job.epochs)) if job.known else b"")
        self._write(
            {
                "event": "resume" if job.known else "begin",
                "run": job.name,
                "name": job.title,
                "epochs": job.epochs,
                "parameters": dict(job.parameters),
                "facts": dict(job.facts),
            }
        )
        return {"file": self._file.name}

    def epoch(self, epoch: TrackedEpoch) -> None:
        """Write an epoch."""
        self._write({"event": "epoch", "epoch": epoch.epoch, "time": epoch.at, "metrics": dict(epoch.metrics)})

    def end(self, end: TrackedEnd) -> None:
        """Write how it ended."""
        self._write({"event": "end", "status": end.status, "time": end.at, "metrics": dict(end.metrics)})

    def _kept(self, epochs: int) -> list[bytes]:
        """The lines that were written before, but for those of epochs that are trained again."""
        if not self._file.is_file():
            return []
        lines = self._file.read_bytes().splitlines(keepends=True)
        return [line for line in lines if line.endswith(b"\n") and _epoch(line) <= epochs]

    def _write(self, event: Mapping[str, Any]) -> None:
        """One line, whole."""
        line = json.dumps(_finite(event), ensure_ascii=False, allow_nan=False, default=str).encode() + b"\n"
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def _epoch(line: bytes) -> int:
    try:
        event = json.loads(line)
    except ValueError:
        return 0
    epoch = event.get("epoch") if isinstance(event, dict) and event.get("event") == "epoch" else 0
    return epoch if isinstance(epoch, int) else 0


def _finite(value: Any) -> Any:
    """Numbers that JSON has not are null."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    return value
