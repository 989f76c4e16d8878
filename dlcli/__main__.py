"""The program's process: `dlcli`, and `python -m dlcli`."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import sys
import threading
from types import FrameType
from typing import NoReturn

from dlcli.cli.interrupts import Interrupts
from dlcli.training.guards.interruption import catch_signals

__all__ = ["leave", "program"]

FILES = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)
"""What holds on to what is written; texts go into bytes."""


def program() -> NoReturn:
    """Run the program, and end the process."""
    # What is imported stays, and need not be looked at again, while it comes or later; see `dlcli.backend.startup`.
    gc.freeze()
    gc.disable()
    with Interrupts() as interrupts:
        code: object = 0
        try:
            from dlcli.cli.main import main

            gc.freeze()
            gc.enable()
            main()
        except SystemExit as end:
            code = end.code or 0
        except KeyboardInterrupt:  # before there is a command that could say so
            code = 75
        except ImportError:  # a C extension makes one of it
            if not interrupts.requested:
                raise
            code = 75
        interrupts.end()
        if isinstance(code, int):
            leave(code)
        raise SystemExit(code)


def leave(code: int) -> NoReturn:
    """End the process as `sys.exit` does, without taking its memory apart: TensorFlow needs most of a second for that,
    and threads of libraries may still be at work in it.

    What others count on still happens, in the interpreter's own order: threads that are no daemons end, the functions
    of `atexit` run, and files that the program has left open are flushed.

    Args:
        code: The exit code.

    Raises:
        SystemExit: A stream cannot be flushed; the interpreter then says so, as it always does.
    """
    try:
        with catch_signals(_stop):
            threading._shutdown()  # type: ignore[attr-defined]
    except KeyboardInterrupt:
        code = 75
    atexit._run_exitfuncs()
    # Not among what is frozen, nine tenths of all objects: that was there before any code that could leave a file open.
    files = [each for each in gc.get_objects() if type(each) in FILES]
    for file in sorted(files, key=lambda each: FILES.index(type(each))):
        with contextlib.suppress(OSError, ValueError):
            file.flush()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        raise SystemExit(code) from None
    os._exit(code)


def _stop(number: int, frame: FrameType | None) -> None:
    """A thread that does not end is not waited for when somebody asks."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    program()
