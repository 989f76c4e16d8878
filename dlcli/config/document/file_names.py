"""File names in a config: relative to the file that says them, and only ever local."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path, PurePosixPath, PureWindowsPath

from dlcli.errors import Problem

__all__ = ["absolute", "is_remote", "leaves", "name_problem", "safe_name"]

MOST_NAME_BYTES = 255
"""Of the name of a file or directory, on every file system that is in use."""

MOST_PATH_BYTES = 4095
"""Of a path, on Linux; other systems take less."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def is_remote(name: str) -> bool:
    """Whether a name is a URL or the like, such as `https://...` or `hf://...`."""
    return _SCHEME.match(name) is not None


def name_problem(name: str, *, path: str = "") -> Problem | None:
    """The problem of a name that no file can have, or that cannot be shown and written down; None when there is none.

    Args:
        name: A path. Bytes of it that are no UTF-8 are there as surrogates, as the system's functions give them.
        path: Where in the config it stands.

    Example:
        >>> print(name_problem(f"a{chr(0)}.csv"))
        'a\\x00.csv' cannot be the name of a file: it holds a NUL character (give it another name)
    """
    fault = _name_fault(name)
    if not fault:
        return None
    text = name.encode("utf-8", "surrogateescape" if _is_system_name(name) else "replace")
    shown = text.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    shown = f"{shown[:60]}..." if len(shown) > 60 else shown
    message = f"'{shown}' cannot be the name of a file: it {fault}"
    return Problem(message, path=path, hint="give it another name", rule="file-name")


def _is_system_name(name: str) -> bool:
    """Whether the surrogates in a name are all bytes that the system has given."""
    return not any("\ud800" <= letter <= "\udfff" and not "\udc80" <= letter <= "\udcff" for letter in name)


def _name_fault(name: str) -> str:
    if "\0" in name:
        return "holds a NUL character"
    try:
        size = max(len(part.encode()) for part in name.replace(os.sep, "/").split("/"))
    except UnicodeEncodeError:
        return "is not UTF-8"
    if size > MOST_NAME_BYTES:
        return f"has a part of {size} bytes, and a name has at most {MOST_NAME_BYTES}"
    return f"has more than {MOST_PATH_BYTES} bytes" if len(name.encode()) > MOST_PATH_BYTES else ""


def leaves(name: str) -> bool:
    """Whether a name that is meant to stay inside a directory leads out of it, on any system.

    Example:
        >>> [leaves(name) for name in ("logs/a.csv", "../a.csv", "/a.csv", "gs://a/b.csv")]
        [False, True, True, True]
    """
    pure = PurePosixPath(name)
    outside = pure.is_absolute() or PureWindowsPath(name).is_absolute() or ".." in PureWindowsPath(name).parts
    return outside or ".." in pure.parts or is_remote(name)


def absolute(name: str, directory: Path) -> str:
    """The absolute path of a file name or glob. `~` is the home directory; globs stay globs.

    Args:
        name: As written in the config.
        directory: What it is relative to.

    Example:
        >>> absolute("../data/*.csv", Path("/project/configs"))
        '/project/data/*.csv'
    """
    base = str(directory.resolve())
    if glob.has_magic(name):
        base = glob.escape(base)
    return os.path.normpath(os.path.join(base, os.path.expanduser(name)))


def safe_name(text: str) -> str:
    """A name of a run that is also a safe file name.

    Example:
        >>> safe_name("my model (2)")
        'my-model-2'
    """
    return _UNSAFE.sub("-", text).strip("-._")[:100] or "run"
