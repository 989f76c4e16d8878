"""Ctrl-C, SIGTERM and SIGHUP: one way to end a command before its time."""

from __future__ import annotations

import contextlib
from types import FrameType

from dlcli.training.interruption import Urgency, catch_signals

__all__ = ["Interrupts"]


class Interrupts:
    """While a command runs, a signal raises `KeyboardInterrupt`, and is remembered; so does the same one again.

    Some libraries answer an exception in the middle of their import or of a callback with one of their own: what fails
    after a signal was interrupted, whatever it says.

    Example:
        >>> with Interrupts() as interrupts:
        ...     interrupts.requested
        False
    """

    def __init__(self) -> None:
        self.requested = False
        self._over = False
        self._urgency = Urgency()
        self._signals = contextlib.ExitStack()

    def end(self) -> None:
        """The command has ended, and is about to say how: another signal changes nothing."""
        self._over = True

    def _request(self, number: int, frame: FrameType | None) -> None:
        first, again = not self.requested, self._urgency.grows(number)
        if not self._over and (first or again):
            self.requested = True
            raise KeyboardInterrupt

    def __enter__(self) -> Interrupts:
        self._signals.enter_context(catch_signals(self._request))
        return self

    def __exit__(self, *_: object) -> None:
        self._signals.close()
        if self.requested:
            # An interrupt within `exec`, as a dataclass calls it, leaves a mark for which Python ends by the signal and
            # not with its exit code (`unhandled_keyboard_interrupt` in CPython's pythonrun.c). The next `exec` wipes it
            # off.
            exec("")
