"""The callback that keeps the history, tells the listener, and stops between two steps when asked to."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from dlcli.errors import RunError
from dlcli.runs.history import OWN_COLUMNS, HistoryFile
from dlcli.training.events import EpochEnded, EpochStarted, Listener, Notice, StepsDone
from dlcli.training.guards.interruption import Interruption

__all__ = ["Recorder"]

REPORT_SECONDS = 0.1
"""The least time between two `StepsDone`, so that a fast model is not slowed by being watched."""


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes `history.csv` and reports progress; `epochs` counts whole epochs, `logs` has Keras's of each,
    and `phase` is the one that is trained, where there are any.

    Only the `begin` hooks of batches are used: Keras calls them in the main thread and without waiting for the step's
    numbers, while an `end` hook would make it wait for every batch.

    Args:
        history: The file to write.
        listener: Who is told.
        rows: Rows of the training split.
        batch_size: Rows of an update.
        stack: Updates of a step of Keras's.
        interruption: Says when to stop.
    """

    def __init__(
        self,
        *,
        history: HistoryFile,
        listener: Listener,
        rows: int,
        batch_size: int,
        stack: int,
        interruption: Interruption,
    ) -> None:
        super().__init__()
        self.epochs = 0
        self.phase: int | None = None
        self.logs: dict[int, dict[str, float]] = {}
        self._history = history
        self._listener = listener
        self._rows = rows
        self._batch_size = batch_size
        self._stack = stack
        self._interruption = interruption
        self._told = False
        self._reported = -math.inf
        self._timed: tuple[float, float] | None = None

    def time(self, seconds: float, training: float) -> None:
        """What the epoch that ends next took, in all and for learning alone, where it was trained before it is told."""
        self._timed = seconds, training

    def restore(self, history: bytes) -> None:
        """Begin after the epochs of a `history.csv` that was committed. Raises RunError."""
        for row in self._history.restore(history):
            self.epochs = int(row["epoch"])
            self.logs[self.epochs] = {name: value for name, value in row.items() if name not in OWN_COLUMNS}

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Start the epoch's clock."""
        self._epoch = epoch + 1
        self._started = time.perf_counter()
        self._trained: float | None = None
        self._listener(EpochStarted(self._epoch))

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Between two steps: stop if asked to, report now and then."""
        self._interruption.stop_if_requested()
        now = time.perf_counter()
        if now - self._reported >= REPORT_SECONDS:
            self._reported = now
            updates = batch * self._stack
            self._listener(StepsDone(self._epoch, updates, min(updates * self._batch_size, self._rows)))

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Validation begins: the training part of the epoch is over."""
        if self._trained is None:
            self._trained = time.perf_counter()
            if self._trained - self._reported >= REPORT_SECONDS:
                self._reported = self._trained
                updates = math.ceil(self._rows / self._batch_size)
                self._listener(StepsDone(self._epoch, updates, self._rows))

    def on_test_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Stop in the middle of a validation too."""
        self._interruption.stop_if_requested()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Write the epoch's row, then tell."""
        now = time.perf_counter()
        seconds, training = self._timed or (now - self._started, (self._trained or now) - self._started)
        self._timed = None
        values = {name: float(value) for name, value in (logs or {}).items()}
        speed = self._rows / max(training, 1e-9)
        self.epochs = self._epoch
        self.logs[self._epoch] = values
        with self._telling():
            self._history.append(
                epoch=self._epoch, seconds=seconds, rows_per_second=speed, logs=values, phase=self.phase
            )
        self._listener(EpochEnded(self._epoch, seconds, speed, values))

    def content(self) -> bytes:
        """`history.csv` as it is to be."""
        return self._history.content()

    def flush(self) -> None:
        """Training is over, and there may be room again for rows that could not be written."""
        with self._telling():
            self._history.flush()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """A row that cannot be written is told of once, and written with the next one."""
        try:
            yield
        except RunError as error:
            if not self._told:
                self._told = True
                self._listener(Notice(error.problems[0], warning=True))
