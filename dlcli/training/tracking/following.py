"""A tracker in a thread of its own: the training hands over what there is to tell, and goes on.

What a tracker does is anybody's code and anybody's network. So this is a boundary, as the command line's is: whatever
it raises is caught, and whatever it waits for is waited for elsewhere, and not for ever.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from dlcli.errors import Problem
from dlcli.training.tracking.tracker import TrackedEnd, TrackedEpoch, TrackedJob, Tracker

__all__ = ["Following"]

MOST_WAITING = 10_000
"""Epochs that a tracker may be behind."""

PATIENCE_SECONDS = 30.0
"""So long the end of a training waits for a tracker that is behind."""

Call = Callable[[], None]


class Following:
    """Follows a training with one tracker; no call waits, but `end`, and none raises.

    Args:
        name: Of the tracker, as the config has it.
        make: Makes it, in its thread: that may load a library.
        keep: Told what `begin` of the tracker gave back, in its thread.
        patience: Seconds that `end` waits at most.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], Tracker],
        *,
        keep: Callable[[Mapping[str, Any]], None] = lambda known: None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.name = name
        self._make, self._keep, self._patience = make, keep, patience
        self._waiting: queue.Queue[Call | None] = queue.Queue(MOST_WAITING)
        self._tracker: Tracker | None = None
        self._failure = ""
        self._told = False
        # A daemon: a program whose training has ended does not wait for the network.
        self._thread = threading.Thread(target=self._work, name=f"tracking-{name}", daemon=True)

    def begin(self, job: TrackedJob) -> None:
        """The training begins."""

        def call() -> None:
            self._tracker = self._make()
            self._keep(self._tracker.begin(job))

        self._thread.start()
        self._put(call)

    def epoch(self, epoch: TrackedEpoch) -> None:
        """An epoch has ended."""
        self._put(lambda: self._tracker.epoch(epoch) if self._tracker else None)

    def end(self, end: TrackedEnd) -> None:
        """The training has ended: wait until all is told, or patience is at its end."""
        if not self._thread.is_alive():
            return
        self._put(lambda: self._tracker.end(end) if self._tracker else None)
        self._put(None)
        self._thread.join(self._patience)
        if self._thread.is_alive() and not self._failure:
            self._failure = f"it has not taken everything in within {self._patience:.0f} seconds"

    def problem(self) -> Problem | None:
        """What has ended the tracking; once, and None before and after."""
        if not self._failure or self._told:
            return None
        self._told = True
        message = f"{self.name} does not follow the training any more: {self._failure}; the training is not concerned"
        hint = "what the run itself keeps is whole: history.csv, run.json, the model"
        return Problem(message, path=f"tracking.{self.name}", hint=hint, rule="not-tracked")

    def _put(self, call: Call | None) -> None:
        if self._failure:
            return
        try:
            self._waiting.put_nowait(call)
        except queue.Full:
            self._failure = f"it is {MOST_WAITING:,} epochs behind"

    def _work(self) -> None:
        while (call := self._waiting.get()) is not None and not self._failure:
            try:
                call()
            except Exception as error:
                self._failure = _words(error)
                return


def _words(error: Exception) -> str:
    """An error in a line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
