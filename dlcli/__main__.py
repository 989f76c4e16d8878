"""The program's process: `dlcli`, and `python -m dlcli`."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import sys
import threading
from typing import NoReturn

__all__ = ["leave", "program"]

FILES = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)
"""What holds on to what is written; texts go into bytes."""


def program() -> NoReturn:
    """Run the program, and end the process."""
    gc.freeze()  # what is imported stays, and need not be looked at again; see `dlcli.backend.startup`
    try:
        from dlcli.cli.main import main

        main()
    except SystemExit as end:
        if isinstance(end.code, int | None):
            leave(end.code or 0)
        raise
    except KeyboardInterrupt:  # before there is a command that could say so
        leave(75)
    leave(0)


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


if __name__ == "__main__":
    program()
