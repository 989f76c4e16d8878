"""Ctrl-C, SIGTERM and SIGHUP as a wish that is granted between two steps, never in the middle of a write."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

__all__ = ["Interruption", "StopTraining", "Urgency", "catch_signals", "postponed"]

_HANGUP = getattr(signal, "SIGHUP", None)
"""Windows has none."""

_CAUGHT = [number for number in (signal.SIGINT, signal.SIGTERM, _HANGUP) if number is not None]


@contextlib.contextmanager
def catch_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """While it lasts, Ctrl-C, SIGTERM and SIGHUP (the terminal is gone) call a handler.

    A signal that is ignored, as in a job that the shell has put into the background, or by `nohup`, stays so. Outside
    the main thread there are no signals to catch, and nothing is changed.

    Args:
        handler: Called as `signal.signal` says.
    """
    previous = {}
    if threading.current_thread() is threading.main_thread():
        for number in _CAUGHT:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                previous[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


@contextlib.contextmanager
def postponed() -> Iterator[None]:
    """Let a signal wait for the end of what is short and belongs together, as some files that are written at once.

    Example:
        >>> with postponed():
        ...     pass
    """
    came: list[int] = []
    with catch_signals(lambda number, _: came.append(number)):
        yield
    for number in came[:1]:
        signal.raise_signal(number)


class Urgency:
    """Tells a signal that comes again, from somebody who cannot wait, from one that says the same in another way.

    When a session ends the system sends SIGTERM and SIGHUP together, and a shell passes SIGHUP on that the terminal has
    sent already: those are one wish.

    Example:
        >>> urgency = Urgency()
        >>> [urgency.grows(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGHUP, signal.SIGTERM)]
        [False, False, False, True]
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def grows(self, number: int) -> bool:
        """Whether the same signal has come before; a second SIGHUP says nothing new."""
        known = number in self._seen and number != _HANGUP
        self._seen.add(number)
        return known


class StopTraining(Exception):
    """Raised between two steps when the person, or the system, has asked to stop."""


class Interruption:
    """Turns the signals into a flag while training runs; a second Ctrl-C, or a second SIGTERM, stops at once.

    Outside the main thread there are no signals to catch, and nothing is changed.

    Args:
        agree: Where several train together: told the wish of this process, gives that of all; they stop as one.

    Example:
        >>> with Interruption() as interruption:
        ...     interruption.requested
        False
    """

    def __init__(self, agree: Callable[[bool], bool] = bool) -> None:
        self.requested = False
        self._agree = agree
        self._urgency = Urgency()
        self._signals = contextlib.ExitStack()

    def stop_if_requested(self) -> None:
        """Stop here if a signal has come.

        Raises:
            StopTraining: One has.
        """
        if self._agree(self.requested):
            self.requested = True
            raise StopTraining

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self._urgency.grows(number):
            raise KeyboardInterrupt

    def __enter__(self) -> Interruption:
        self._signals.enter_context(catch_signals(self._request))
        return self

    def __exit__(self, *_: object) -> None:
        self._signals.close()
