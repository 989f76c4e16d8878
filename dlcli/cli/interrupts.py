"""Ctrl-C, SIGTERM and SIGHUP: one way to end a command before its time."""

from __future__ import annotations

import _thread
import contextlib
import signal
import sys
import threading
from types import FrameType

from dlcli.training.guards.interruption import Urgency, catch_signals

__all__ = ["Interrupts"]

PATIENCE_SECONDS = 0.3
"""So long an interrupt may stay unheard of before it is raised again."""


class Interrupts:
    """While a command runs, a signal raises `KeyboardInterrupt`, and is remembered; so does the same one again.

    Some libraries answer an exception in the middle of their import or of a callback with one of their own: what fails
    after a signal was interrupted, whatever it says. Others lose it: a C extension makes an ImportError of it, for
    which there is a way round, and a finalizer cannot raise any. So it is raised again until the command ends.

    Example:
        >>> with Interrupts() as interrupts:
        ...     interrupts.requested
        False
    """

    def __init__(self) -> None:
        self.requested = False
        self._over = threading.Event()
        self._reminding = False
        self._urgency = Urgency()
        self._signals = contextlib.ExitStack()

    def end(self) -> None:
        """The command has ended, and is about to say how: another signal changes nothing."""
        self._over.set()

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self._over.is_set():
            return
        if self._reminding:
            self._reminding = False
            if not _is_on_its_way(sys.exception()):
                raise KeyboardInterrupt
            return
        first, again = not self.requested, self._urgency.grows(number)
        if first:
            self.requested = True
            threading.Thread(target=self._remind, args=[number], daemon=True).start()
        if first or again:
            raise KeyboardInterrupt

    def _remind(self, number: int) -> None:
        """Send the signal again, as long as it is ours to catch; whoever has taken it over is told once."""
        while not self._over.wait(PATIENCE_SECONDS):
            ours = signal.getsignal(number) == self._request
            self._reminding = ours
            if not ours:
                _thread.interrupt_main(signal.Signals(number))
                return
            # A signal and not a note to the interpreter alone, which what waits in a call of the system would not hear.
            signal.pthread_kill(threading.main_thread().ident or 0, number)

    def __enter__(self) -> Interrupts:
        self._signals.enter_context(catch_signals(self._request))
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._signals.close()
        if self.requested:
            # An interrupt within `exec`, as a dataclass calls it, leaves a mark for which Python ends by the signal and
            # not with its exit code (`unhandled_keyboard_interrupt` in CPython's pythonrun.c). The next `exec` wipes it
            # off.
            exec("")


def _is_on_its_way(error: BaseException | None) -> bool:
    """Whether what is being handled is an interrupt, or has come of one: its way up has not ended."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False
