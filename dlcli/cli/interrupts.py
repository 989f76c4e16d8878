"""Ctrl-C and SIGTERM: one way to end a command before its time."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

__all__ = ["Interrupts"]


class Interrupts:
    """While a command runs, either signal raises `KeyboardInterrupt`, and is remembered.

    Some libraries answer an exception in the middle of their import or of a callback with one of their own: what fails
    after a signal was interrupted, whatever it says. A signal that is ignored, as in a job that the shell has put into
    the background, stays so. Outside the main thread there are no signals to catch, and nothing is changed.

    Example:
        >>> with Interrupts() as interrupts:
        ...     interrupts.requested
        False
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous: dict[int, object] = {}

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        raise KeyboardInterrupt

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._previous[number] = signal.signal(number, self._request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._previous.clear()
        if self.requested:
            # An interrupt within `exec`, as a dataclass calls it, leaves a mark for which Python ends by the signal and
            # not with its exit code (`unhandled_keyboard_interrupt` in CPython's pythonrun.c). The next `exec` wipes it
            # off.
            exec("")
