"""The files of a run, which may come from anybody: regular files inside its directory, opened without following links.

A link leads out of the directory, a pipe or a device makes whoever reads it wait for ever. The run directory itself may
be given by a link: that is its owner's word, not its content.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from dlcli.errors import Problem, RunError

__all__ = ["open_inside", "read_inside", "unsafe"]

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # so that a pipe does not wait for a writer before it can be looked at
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a directory",
    stat.S_IFREG: "a file",
}


def unsafe(paths: Iterable[Path], *, directories: bool = False) -> list[Problem]:
    """What is there and is not what it has to be.

    Args:
        paths: Paths directly inside a run, or inside one of its folders; absent ones are passed over.
        directories: They have to be directories; else regular files.

    Returns:
        A problem for each.
    """
    wanted = stat.S_IFDIR if directories else stat.S_IFREG
    problems = []
    for path in paths:
        try:
            kind = stat.S_IFMT(os.lstat(path).st_mode)
        except OSError:
            continue
        if kind != wanted:
            problems.append(_not_own(path, kind))
    return problems


def open_inside(path: Path) -> BinaryIO:
    """Open a file of a run.

    Raises:
        OSError: It is absent or cannot be read.
        RunError: It is no regular file.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):  # a link (on FreeBSD too); a socket
            raise RunError(unsafe([path]) or _not_own(path, stat.S_IFLNK)) from error
        raise
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind != stat.S_IFREG or (not hasattr(os, "O_NOFOLLOW") and path.is_symlink()):
        os.close(descriptor)
        raise RunError(_not_own(path, kind if kind != stat.S_IFREG else stat.S_IFLNK))
    return os.fdopen(descriptor, "rb")


def read_inside(path: Path, *, most: int) -> bytes:
    """The content of a file of a run.

    Args:
        path: The file.
        most: Bytes that it may have; more is no file that dlcli wrote.

    Raises:
        OSError: It is absent or cannot be read.
        RunError: It is no regular file, or too large.
    """
    with open_inside(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = b"" if size > most else file.read(most + 1)
    if size > most or len(content) > most:
        message = f"{path} has {max(size, len(content)):,} bytes, and at most {most:,} are expected"
        raise RunError(Problem(message, hint="restore the file, or train again", rule="run-damaged"))
    return content


def _not_own(path: Path, kind: int) -> Problem:
    is_link = kind == stat.S_IFLNK
    return Problem(
        f"{path} is {_KINDS.get(kind, 'a special file')}, and a run is made of files of its own",
        hint="copy the run with what its links point to: cp -rL RUN COPY; but only if you know where it comes from"
        if is_link
        else "restore the file, or train again",
        rule="run-unsafe",
    )
