"""The study's file: Optuna's journal, whose lines are whole whenever a process is killed, and written in time.

Optuna's own backend waits for the disk at each of a dozen lines a trial, locks by a link that outlives who made it (the
others wait half a minute for a dead one), and gives up on a line that a kill has cut in two. The lines are the same, so
that its tools read the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from dlcli.sweeps.folder import SweepFolder

__all__ = ["Journal"]

_RESULT = 6
"""Optuna's number of the line that gives a trial its result: what is not to be lost in a power cut."""


class Journal(BaseJournalBackend):
    """Reads and writes `study.journal`.

    Args:
        folder: The sweep.
    """

    def __init__(self, folder: SweepFolder) -> None:
        self._folder = folder
        self._offsets = [0]
        """Where each line begins that was read, and the next one."""

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The lines from a number on; the rest of a line that is being written is left for later."""
        begun = min(log_number_from, len(self._offsets) - 1)
        try:
            with open(self._folder.journal, "rb") as file:
                file.seek(self._offsets[begun])
                content = file.read()
        except FileNotFoundError:
            return
        del self._offsets[begun + 1 :]
        whole = content[: content.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(keepends=True), start=begun):
            self._offsets.append(self._offsets[-1] + len(line))
            if number >= log_number_from:
                yield json.loads(line)

    def append_logs(self, logs: Iterable[dict[str, Any]]) -> None:
        """Add lines."""
        lines = list(logs)
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        with self._folder.exclusive("journal"), open(self._folder.journal, "a+b") as file:
            _mend(file)
            file.write(text.encode())
            file.flush()
            if any(line.get("op_code") == _RESULT for line in lines):
                os.fsync(file.fileno())


def _mend(file: Any) -> None:
    """Take away a line that was cut off: nobody has read it, and who wrote it is dead."""
    size = file.seek(0, os.SEEK_END)
    whole = size
    while whole:
        start = max(0, whole - 4096)
        file.seek(start)
        place = file.read(whole - start).rfind(b"\n")
        if place >= 0:
            whole = start + place + 1
            break
        whole = start
    if whole != size:
        file.truncate(whole)
    file.seek(0, os.SEEK_END)
