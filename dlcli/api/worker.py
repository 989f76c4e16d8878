"""A worker's process, `python -m dlcli.api.worker`: started by `dlcli.jobs.workers.supervising`, and by nobody else."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import TracebackType
from typing import NoReturn

from dlcli.backend import workers
from dlcli.errors import DlcliError
from dlcli.jobs.workers.task import Done, Failed, Interrupted, Message, receive, send

__all__ = ["work"]


def work() -> NoReturn:
    """Read the task, train, and tell what becomes of it; the process ends when whoever started it lets it go."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.excepthook = _break_down
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the user's own code prints is no message
    task = next(receive(sys.stdin.buffer))
    workers.announce(task.place)
    threading.Thread(target=_watch, daemon=True).start()
    from dlcli.api.training import train_as_worker

    lock = threading.Lock()

    def tell(message: Message) -> None:
        with lock, contextlib.suppress(OSError):
            send(told, message)

    try:
        run = train_as_worker(task, listener=tell)
        end: Message = Done(None) if run is None else Done(run.path, run.status)
    except DlcliError as error:
        end = Failed(type(error).__name__, error.problems)
    except KeyboardInterrupt:
        end = Interrupted()
    tell(end)
    _LET_GO.wait()
    _leave(0)


_LET_GO = threading.Event()
"""Whoever started the process has closed its stdin."""


def _watch() -> None:
    """End when nobody waits for this process any more, be it in the middle of an operation of TensorFlow's."""
    while sys.stdin.buffer.read(1):
        pass
    _LET_GO.set()
    _leave(1)


def _break_down(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say what was not foreseen, and end: Python would wait for the thread that reads."""
    sys.__excepthook__(kind, error, trace)
    _leave(1)


def _leave(code: int) -> NoReturn:
    """End without taking TensorFlow apart: its servers would wait for those of the others."""
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    work()
