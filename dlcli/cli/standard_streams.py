"""Standard streams that the program was started without, as by `>&-` in a shell."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

from dlcli.errors import DataError, Problem

__all__ = ["guarded_streams"]


class _ClosedOutput(io.TextIOBase):
    """Standard output that is closed: what is written to it is a fault and not lost in silence."""

    def write(self, text: str) -> int:
        """Refuse.

        Raises:
            DataError: Always.
        """
        message = "cannot write standard output: it is closed"
        raise DataError(Problem(message, hint="leave out `>&-`", rule="not-writable"))


@contextlib.contextmanager
def guarded_streams() -> Iterator[None]:
    """Within, no file that is opened gets the descriptor of a closed stream, which C libraries write their words to."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which takes the lowest free descriptor: this one
    if sys.stdout is not None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A name whose bytes are no UTF-8 is shown as `caf\\xe9.csv`; predictions are written as bytes.
            sys.stdout.reconfigure(errors="backslashreplace")
        yield
        return
    sys.stdout = _ClosedOutput()
    try:
        yield
    finally:
        sys.stdout = None
