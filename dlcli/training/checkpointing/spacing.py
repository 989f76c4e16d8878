"""When an epoch is committed: as often as the config says, or so seldom that it costs little."""

from __future__ import annotations

import time
from collections.abc import Callable

from dlcli.config.schema import CheckpointConfig

__all__ = ["Spacing"]

USUAL_SECONDS = 30.0
"""Between two commits, when the config does not say: what is lost at most, but for an epoch that takes longer."""

MOST_COST = 0.03
"""The part of the time that commits take at most, when the config does not say how often."""


class Spacing:
    """Decides for each epoch that ends.

    Args:
        config: The config's `checkpoint`.
        clock: Seconds.

    Example:
        >>> spacing = Spacing(CheckpointConfig(every=2), clock=lambda: 0.0)
        >>> [spacing.is_due(epoch) for epoch in (1, 2, 3)]
        [False, True, False]
    """

    def __init__(self, config: CheckpointConfig, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._epochs, self._seconds = config.interval
        self._auto = config.every == "auto"
        self._last = clock()

    def is_due(self, epoch: int) -> bool:
        """Whether an epoch, one-based, is to be committed."""
        if self._epochs is not None:
            return epoch % self._epochs == 0
        wait = USUAL_SECONDS if self._seconds is None else self._seconds
        return self._clock() - self._last >= wait

    def note(self, seconds: float) -> None:
        """An epoch has been committed, which took so long: the next one waits until that is a small part."""
        self._last = self._clock()
        if self._auto:
            self._seconds = max(USUAL_SECONDS, seconds / MOST_COST)
