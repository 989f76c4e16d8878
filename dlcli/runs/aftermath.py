"""What became of a run whose process was killed: its record still says `running`, and nobody holds its lock.

The kernel that ends a process for its memory, a power cut and SIGKILL leave no time to say so. The reader finds it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dlcli.errors import RunError
from dlcli.runs.history import read_history
from dlcli.runs.holder import find_holder

__all__ = ["ENDED_WITHOUT_A_WORD", "truthful"]

ENDED_WITHOUT_A_WORD = "it ended without a word: killed, out of memory perhaps, or the machine went down"


def truthful(read: Callable[[], dict[str, Any]], *, lock: Path, history: Path) -> dict[str, Any]:
    """The record of a run, which is `failed` when it says `running` and no process writes it.

    Nothing is written: a reader may have no right to, and the next one finds out the same.

    Args:
        read: Reads `run.json`.
        lock: The run's lock file.
        history: Its `history.csv`.

    Raises:
        RunError: What `read` raises.
    """
    record = read()
    if record.get("status") != "running" or find_holder(lock) is not None:
        return record
    record = read()  # it may have ended between the two looks
    if record.get("status") != "running":
        return record
    return {**record, "status": "failed", "epochs": _epochs(history, record), "error": ENDED_WITHOUT_A_WORD}


def _epochs(history: Path, record: Mapping[str, Any]) -> Any:
    """Whole epochs: the history has a row for each as soon as it ends, and `run.json` has them at the end."""
    try:
        return len(read_history(history)) if history.is_file() else 0
    except RunError:
        return record.get("epochs", 0)
