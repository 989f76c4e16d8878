"""Ctrl-C and SIGTERM as a wish that is granted between two steps, never in the middle of a write."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

__all__ = ["Interruption", "StopTraining"]


class StopTraining(Exception):
    """Raised between two steps when the person, or the system, has asked to stop."""


class Interruption:
    """Turns the signals into a flag while training runs; a second Ctrl-C stops at once.

    Outside the main thread there are no signals to catch, and nothing is changed.

    Example:
        >>> with Interruption() as interruption:
        ...     interruption.requested
        False
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous: dict[int, object] = {}

    def stop_if_requested(self) -> None:
        """Stop here if a signal has come.

        Raises:
            StopTraining: One has.
        """
        if self.requested:
            raise StopTraining

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._previous.clear()
