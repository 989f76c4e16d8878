"""`run.json` while a job goes on: created as `running`, completed, interrupted or failed at the end."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from typing import Any

from dlcli.errors import DlcliError, Problem, RunError
from dlcli.files.syncing import Sync
from dlcli.runs.layout import FORMAT, RunDirectory, write_json
from dlcli.runs.provenance import now

__all__ = ["RunRecord", "read_batch_size"]

MOST_ROWS = 100_000_000
"""Of a batch; a record that says more was not written by a training."""


class RunRecord:
    """The record of one job.

    Args:
        directory: The run directory, which exists.
        facts: What is known at the start: name, seed, provenance, data fingerprints, device, accounting.
        started: `time.perf_counter()` when the command began, so that `seconds` covers reading and building too.
        earlier: The seconds that the run has taken before, when it goes on.
    """

    def __init__(
        self, directory: RunDirectory, *, facts: Mapping[str, Any], started: float, earlier: float = 0.0
    ) -> None:
        self._directory = directory
        self._started = started - earlier
        self._values: dict[str, Any] = {
            "format": FORMAT,
            "status": "running",
            "started": now(self.spent()),
            "finished": None,
            "seconds": None,
            "epochs": 0,
            "metrics": {},
            **facts,
        }
        self._ended = False

    def spent(self) -> float:
        """The seconds that the run has taken until now."""
        return time.perf_counter() - self._started

    def said(self, name: str) -> Any:
        """What is said under a name by now; None of what has not been reached."""
        return self._values.get(name)

    def begin(self, *, sync: Sync = Sync.NOW) -> None:
        """Write it as `running`; `close` is to be called from here on, whatever comes. Raises RunError."""
        write_json(self._directory.record, self._values, sync=sync)

    def note(self, **values: Any) -> None:
        """Remember what has been reached; it is written with the end, whatever that is."""
        self._values.update(values)

    def value(self, name: str) -> Any:
        """What is remembered under a name; None when nothing is."""
        return self._values.get(name)

    def save(self) -> None:
        """Write what has been reached, while the job goes on. Raises RunError."""
        write_json(self._directory.record, self._values)

    def finish(self, status: str, **values: Any) -> None:
        """Close the record.

        Args:
            status: `completed`, `interrupted` or `failed`.
            values: Results to add: epochs, metrics, the error.
        """
        self._values.update(values, status=status, finished=now(), seconds=round(self.spent(), 3))
        self._directory.make_room()
        with contextlib.nullcontext() if status == "completed" else contextlib.suppress(RunError):
            self._directory.sync()
        write_json(self._directory.record, self._values)
        self._ended = True

    def close(self) -> None:
        """Called in any case at the end: a job that did not finish has failed, with the error that is on its way.

        A second Ctrl-C, which does not wait for the step to end, interrupts it. One that comes while the end is being
        written changes nothing of what is written.
        """
        if self._ended or not self._directory.record.exists():
            return
        error = sys.exception()
        status, values = self._values["status"], {}
        if status == "running":
            status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            values = {"error": f"{type(error).__name__}: {error}"}
            if isinstance(error, DlcliError):
                values["rule"] = error.problems[0].rule
        with contextlib.suppress(RunError):
            self.finish(status, **values)


def read_batch_size(run: RunDirectory) -> int:
    """Rows of a training batch, as the record has them.

    Raises:
        RunError: The record does not say.
    """
    size = run.read_json(run.record).get("batch_size")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MOST_ROWS:
        message = f"{run.record} is damaged: batch_size is {size!r}, expected a whole number from 1 to {MOST_ROWS:,}"
        raise RunError(Problem(message, hint="restore the file, or train again", rule="run-damaged"))
    return size
