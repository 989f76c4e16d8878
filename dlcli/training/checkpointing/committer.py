"""The callback that commits epochs, and takes up again what was committed."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from dlcli.errors import Problem
from dlcli.runs.commits import Commits
from dlcli.training.checkpointing.callback_state import pack_callback
from dlcli.training.checkpointing.snapshot import Progress, Snapshot, take_snapshot
from dlcli.training.checkpointing.spacing import Spacing
from dlcli.training.checkpointing.values import PackedArrays
from dlcli.training.events import Listener, Notice
from dlcli.training.guards.interruption import Interruption

__all__ = ["Committer"]


class Committer(keras.callbacks.Callback):  # type: ignore[misc]
    """The last of the callbacks: what the others know of an epoch they know by then, and begin with before it.

    An epoch whose loss is no number is not committed: nobody wants to go on from there.

    Args:
        commits: Where to; see `dlcli.runs.commits`.
        spacing: Which epochs; None: none.
        keep: How many commits stay.
        callbacks: Those of the config.
        progress: What else there is to keep.
        settle: Called before a commit: makes the model that of the epoch that ends.
        config: The resolved config, as plain values.
        history: `history.csv` as it is.
        logs: What Keras's History holds, a mapping an epoch.
        interruption: When it is asked to stop, the epoch that has just ended is committed.
        listener: Told when an epoch cannot be, and what of a callback is not.
        start: What to go on from; None: the beginning.
    """

    def __init__(
        self,
        commits: Commits,
        *,
        spacing: Spacing | None,
        keep: int,
        callbacks: Sequence[Any],
        progress: Callable[[], Progress],
        settle: Callable[[], None],
        config: Mapping[str, Any],
        history: Callable[[], bytes],
        logs: Mapping[int, Mapping[str, float]],
        interruption: Interruption,
        listener: Listener,
        start: Snapshot | None,
    ) -> None:
        super().__init__()
        self._commits, self._spacing, self._keep = commits, spacing, keep
        self._callbacks, self._progress, self._config = callbacks, progress, config
        self._settle = settle
        self._history, self._logs = history, logs
        self._first = self._last = 0
        self._interruption, self._listener, self._start = interruption, listener, start
        self._told = False
        self._told_lost: set[tuple[int, str]] = set()

    def look_ahead(self) -> None:
        """Say before training what of the callbacks a training that goes on does not have."""
        if self._spacing is not None:
            for number, callback in enumerate(self._callbacks):
                pack_callback(callback, PackedArrays(), lost=functools.partial(self._lose, number))

    def expect(self, first: int, last: int) -> None:
        """Before each `fit`: after how many epochs it begins, and the last one, which is always committed."""
        self._first, self._last = first, last

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """All callbacks have begun: give them back what they knew."""
        if self._start is not None:
            self._start.restore_callbacks(self._callbacks, lost=self._lose)
            self._start.restore_random_numbers()
            self._start = None  # a further phase begins by itself

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Give Keras's History, which begins after us, the epochs before."""
        if epoch == self._first > 0:
            history = self.model.history
            history.epoch[:0] = [number - 1 for number in sorted(self._logs)]
            for number in sorted(self._logs):
                for name, value in self._logs[number].items():
                    history.history.setdefault(name, []).append(value)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Commit, if it is time."""
        if self._spacing is None or not math.isfinite((logs or {}).get("loss", 0.0)):
            return
        last = epoch + 1 == self._last or self.model.stop_training or self._interruption.requested
        if self._spacing.is_due(epoch + 1) or last:
            started = time.monotonic()
            try:
                self._commit(epoch + 1)
            except OSError as error:
                self._tell(epoch + 1, error)
            self._spacing.note(time.monotonic() - started)

    def _commit(self, epoch: int) -> None:
        self._settle()
        files = take_snapshot(
            self.model,
            self._callbacks,
            self._progress(),
            config=self._config,
            history=self._history(),
            lost=self._lose,
        )
        self._commits.write(epoch, files, keep=self._keep)

    def _lose(self, number: int, attribute: str, what: str) -> None:
        """Told once of each."""
        if (number, attribute) not in self._told_lost:
            self._told_lost.add((number, attribute))
            name = type(self._callbacks[number]).__name__
            message = f"a run that goes on does not get back what {name} keeps in {attribute!r}: {what}"
            hint = "keep it in numbers, texts, lists, mappings and arrays; or make it again in on_train_begin"
            problem = Problem(message, path=f"callbacks[{number}].{name}", hint=hint, rule="callback-state")
            self._listener(Notice(problem, warning=True))

    def _tell(self, epoch: int, error: OSError) -> None:
        if not self._told:
            self._told = True
            message = f"epoch {epoch} cannot be committed: {error.strerror or error}; the commit before it stays"
            hint = "make room; or checkpoint: {every: 30 minutes, keep: 1}"
            self._listener(Notice(Problem(message, path="checkpoint", hint=hint, rule="not-committed"), warning=True))
