"""Ctrl-C and SIGTERM as a wish that is granted between two steps, never in the middle of a write."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

__all__ = ["Interruption", "StopTraining", "catch_signals"]


@contextlib.contextmanager
def catch_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """While it lasts, Ctrl-C and SIGTERM call a handler.

    A signal that is ignored, as in a job that the shell has put into the background, stays so. Outside the main thread
    there are no signals to catch, and nothing is changed.

    Args:
        handler: Called as `signal.signal` says.
    """
    previous = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                previous[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


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
        self._signals = contextlib.ExitStack()

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
        self._signals.enter_context(catch_signals(self._request))
        return self

    def __exit__(self, *_: object) -> None:
        self._signals.close()
