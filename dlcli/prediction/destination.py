"""Where predictions go: a file that appears whole or not at all, or standard output."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from dlcli.data.sources.standard_input import is_stream
from dlcli.errors import DataError, Problem
from dlcli.files.replacing import Replacement, move_into_place
from dlcli.files.visible import visible_lines

__all__ = ["holder_of", "not_writable", "standard_output", "write_directory", "write_file", "write_standard_output"]


def holder_of(target: Path, inputs: Iterable[Path]) -> Path | None:
    """The folder among the inputs that a file to be written would lie in, visibly; None for none."""
    place = Path(os.path.realpath(target))
    if place.name.startswith("."):
        return None
    return next((each for each in inputs if each.is_dir() and place.is_relative_to(os.path.realpath(each))), None)


@contextlib.contextmanager
def write_file(path: Path) -> Iterator[BinaryIO]:
    """An open temporary file beside `path` that takes its name when the block ends well, and vanishes when it does not.

    It has the permissions of the file that it replaces, or those of any new file. What a link names is replaced, and
    not the link. A device or a named pipe, which cannot be replaced, is written as it is. What else the block raises,
    an OSError of the input among it, goes through.

    Raises:
        DataError: The directory does not exist or cannot be written, `path` is a directory, or the disk is full.
        BrokenPipeError: Nobody reads the pipe any more.
    """
    name = str(path)
    if path.is_dir():
        raise DataError(Problem(f"cannot write {path}: it is a directory", hint="name a file", rule="not-writable"))
    if is_stream(path):
        # A file that the shell has opened as our output may have content already, as after `>>`.
        with _opened(path, "ab" if path.is_file() else "wb", name) as output:
            yield cast(BinaryIO, output)
        return
    with _writing(name):
        target = Path(os.path.realpath(path))
        if target.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    replacement = Replacement(target)
    try:
        with _opened(replacement.draft, "xb", name) as output:
            with _writing(name):
                replacement.keep_mode()
            yield cast(BinaryIO, output)
        with _writing(name):
            replacement.commit()
    finally:
        replacement.discard()


@contextlib.contextmanager
def write_directory(path: Path) -> Iterator[Path]:
    """An empty directory beside `path` that takes its name when the block ends well, and vanishes when it does not.

    Args:
        path: Nothing is there, or an empty directory.

    Raises:
        DataError: It cannot be written, or the disk is full.
    """
    replacement = Replacement(Path(os.path.realpath(path)))
    try:
        with _writing(str(path)):
            replacement.draft.mkdir()
            yield replacement.draft
            move_into_place(replacement.draft, replacement.target)
    finally:
        replacement.discard()


def standard_output() -> BinaryIO:
    """Standard output, for bytes.

    Raises:
        DataError: It is closed, or takes text alone.
    """
    stream: BinaryIO | None = getattr(sys.stdout, "buffer", None)
    if stream is None:
        raise not_writable("standard output", OSError(errno.EBADF, "it is closed, or takes text alone"))
    return stream


@contextlib.contextmanager
def write_standard_output() -> Iterator[BinaryIO]:
    """Standard output, flushed at the end. What else the block raises goes through.

    Raises:
        DataError: It cannot be written: it is closed, or goes to a file on a full disk.
        BrokenPipeError: Nobody reads it any more.
    """
    stream = standard_output()
    output = _Output(cast(BinaryIO, _Shown(stream)) if stream.isatty() else stream, "standard output")
    try:
        yield cast(BinaryIO, output)
        output.flush()
    finally:
        if output.failed:
            # Python flushes once more when it ends, and would complain of the same.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def not_writable(name: str, error: OSError) -> DataError:
    """What is said of an output that the system refuses.

    Args:
        name: How messages call the output.
        error: What the system says.
    """
    message = f"cannot write {name}: {error.strerror or error}"
    return DataError(Problem(message, hint="choose another --output", rule="not-writable"))


class _Shown:
    """A terminal, which is given no control characters of a cell, a class or a column; a file or a pipe gets all.

    Args:
        stream: Standard output.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a character may come in two pieces

    def write(self, data: Any) -> int:
        self._stream.write(visible_lines(self._decoder.decode(bytes(data))).encode())
        return len(data)

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()

    def fileno(self) -> int:
        return self._stream.fileno()


class _Output:
    """A stream that tells its own faults as those of the output, so that none of the input's is taken for one.

    Args:
        stream: The stream.
        name: How messages call it.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name
        self.failed = False

    def write(self, data: Any) -> int:
        with self._watched():
            return self._stream.write(data)

    def flush(self) -> None:
        with self._watched():
            self._stream.flush()

    def close(self) -> None:
        with self._watched():
            self._stream.close()

    def fileno(self) -> int:
        return self._stream.fileno()

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            with _writing(self._name):
                yield
        except DataError:
            self.failed = True
            raise


@contextlib.contextmanager
def _opened(file: Path, mode: str, name: str) -> Iterator[_Output]:
    """An open file."""
    with _writing(name):
        stream = cast(BinaryIO, file.open(mode))
    output = _Output(stream, name)
    try:
        yield output
        output.close()
    finally:
        with contextlib.suppress(OSError):  # what it holds still is of no use, or it was told that it cannot be written
            stream.close()


@contextlib.contextmanager
def _writing(name: str) -> Iterator[None]:
    """What the system refuses here is the output's fault; a reader that has gone is nobody's."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise not_writable(name, error) from error
