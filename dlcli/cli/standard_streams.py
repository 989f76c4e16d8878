"""Standard streams that the program was started without, as by `>&-` in a shell, and a standard error that breaks."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, cast

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


class _Words:
    """Standard error, whose words are lost when they cannot be written: a full disk under a log, a terminal gone.

    They only tell of the work, and must not end it.

    Args:
        stream: The stream.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, if that can be."""
        with contextlib.suppress(OSError):
            return self._stream.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write, if that can be."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush, if that can be."""
        with contextlib.suppress(OSError):
            self._stream.flush()


@contextlib.contextmanager
def guarded_streams() -> Iterator[None]:
    """Within, no file that is opened gets the descriptor of a closed stream, which C libraries write their words to,
    and nothing fails because standard error does."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which takes the lowest free descriptor: this one
    out, err = sys.stdout, sys.stderr
    if out is None:
        sys.stdout = _ClosedOutput()
    elif isinstance(out, io.TextIOWrapper):
        # A name whose bytes are no UTF-8 is shown as `caf\\xe9.csv`; predictions are written as bytes.
        out.reconfigure(errors="backslashreplace")
    if err is not None:
        sys.stderr = cast(TextIO, _Words(err))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err
        _give_up(err)


def _give_up(stream: TextIO | None) -> None:
    """Let go of words that still cannot be written: Python would try once more at its end, and end with code 120."""
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except ValueError:
        pass  # it was closed
