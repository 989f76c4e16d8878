"""File names in a config: relative to the file that says them, and only ever local."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path, PurePosixPath, PureWindowsPath

__all__ = ["absolute", "is_remote", "leaves", "safe_name"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def is_remote(name: str) -> bool:
    """Whether a name is a URL or the like, such as `https://...` or `hf://...`."""
    return _SCHEME.match(name) is not None


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
