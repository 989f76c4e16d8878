"""What became of a run whose process was killed: its record still says `running`, and nobody holds its lock.

The kernel that ends a process for its memory, a power cut and SIGKILL leave no time to say so. The reader finds it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dlcli.errors import RunError
from dlcli.runs.history import read_history
from dlcli.runs.holder import find_holder

if TYPE_CHECKING:
    from dlcli.runs.layout import RunDirectory

__all__ = ["ENDED_WITHOUT_A_WORD", "truthful"]

ENDED_WITHOUT_A_WORD = "it ended without a word: killed, out of memory perhaps, or the machine went down"


def truthful(run: RunDirectory, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The record of a run, which is `failed` when it says `running` and no process writes it.

    Nothing is written: a reader may have no right to, and the next one finds out the same.

    Args:
        run: The run directory.
        read: Reads `run.json`.

    Raises:
        RunError: What `read` raises.
    """
    record = read()
    if record.get("status") != "running" or find_holder(run.lock) is not None:
        return record
    record = read()  # it may have ended between the two looks
    if record.get("status") != "running":
        return record
    return {**record, "status": "failed", "epochs": _epochs(run, record), "error": ENDED_WITHOUT_A_WORD}


def _epochs(run: RunDirectory, record: Mapping[str, Any]) -> Any:
    """Whole epochs: the history has a row for each as soon as it ends, and `run.json` has them at the end."""
    try:
        return len(read_history(run.history)) if run.history.is_file() else 0
    except RunError:
        return record.get("epochs", 0)
