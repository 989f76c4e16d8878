"""Where predictions go: a file that appears whole or not at all, or standard output."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dlcli.data.sources.standard_input import is_stream
from dlcli.errors import DataError, Problem

__all__ = ["standard_output", "write_file", "write_standard_output"]


@contextlib.contextmanager
def write_file(path: Path) -> Iterator[BinaryIO]:
    """An open temporary file beside `path` that takes its name when the block ends well, and vanishes when it does not.

    It has the permissions of the file that it replaces, or those of any new file. What a link names is replaced, and
    not the link. A device or a named pipe, which cannot be replaced, is written as it is.

    Raises:
        DataError: The directory does not exist or cannot be written, `path` is a directory, or the disk is full.
    """
    if path.is_dir():
        raise DataError(Problem(f"cannot write {path}: it is a directory", hint="name a file", rule="not-writable"))
    temporary = None
    try:
        if is_stream(path):
            # A file that the shell has opened as our output may have content already, as after `>>`.
            with path.open("ab" if path.is_file() else "wb") as stream:
                yield stream
            return
        target = Path(os.path.realpath(path))
        if target.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        with contextlib.ExitStack() as stack:
            temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
            stream = stack.enter_context(temporary.open("xb"))
            if target.exists():
                os.chmod(temporary, target.stat().st_mode & 0o777)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
        temporary = None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _not_writable(str(path), error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):  # it was never made
                temporary.unlink()


def standard_output() -> BinaryIO:
    """Standard output, for bytes.

    Raises:
        DataError: It is closed, or takes text alone.
    """
    stream: BinaryIO | None = getattr(sys.stdout, "buffer", None)
    if stream is None:
        raise _not_writable("standard output", OSError(errno.EBADF, "it is closed, or takes text alone"))
    return stream


@contextlib.contextmanager
def write_standard_output() -> Iterator[BinaryIO]:
    """Standard output, flushed at the end.

    Raises:
        DataError: It cannot be written: it is closed, or goes to a file on a full disk.
        BrokenPipeError: Nobody reads it any more.
    """
    stream = standard_output()
    try:
        yield stream
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # Python flushes once more when it ends, and would complain of the same.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise _not_writable("standard output", error) from error


def _not_writable(name: str, error: OSError) -> DataError:
    message = f"cannot write {name}: {error.strerror or error}"
    return DataError(Problem(message, hint="choose another --output", rule="not-writable"))
