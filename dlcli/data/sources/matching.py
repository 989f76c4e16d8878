"""What a glob matches, each directory looked at once: links that lead back up would otherwise be followed for ever."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["matches"]

_RECURSIVE = "**"


def matches(pattern: str) -> list[Path]:
    """The regular files that a glob matches, links to some among them; a file may be there by several names.

    `*`, `?` and `[...]` match within a name and not a leading dot, `**` any number of directories, as in the standard
    library's `glob`. Directories that links lead to are looked into as well, but none of them twice for one `**`.

    Args:
        pattern: A path with special characters.

    Example:
        >>> matches("no-such-directory/**/*.csv")
        []
    """
    parts = Path(pattern).parts
    start = Path(parts[0]) if os.path.isabs(pattern) else Path()
    found = _below(start, parts[1:] if os.path.isabs(pattern) else parts)
    return [path for path in dict.fromkeys(found) if os.path.isfile(path)]


def _below(directory: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    """What the parts of a pattern match in a directory."""
    if not parts:
        yield directory
        return
    part, rest = parts[0], parts[1:]
    if part == _RECURSIVE:
        rest = rest or ("*",)
        while rest[0] == _RECURSIVE:
            rest = rest[1:] or ("*",)
        for inner in _tree(directory):
            yield from _below(inner, rest)
    elif not glob.has_magic(part):
        path = directory / part
        if os.path.exists(path):
            yield from _below(path, rest)
    else:
        fits = _fits(part)
        for name, is_directory in _entries(directory):
            if fits(name) and (is_directory or not rest):
                yield from _below(directory / name, rest)


def _tree(top: Path) -> Iterator[Path]:
    """A directory and all below it, each once: by a name without links where there is one."""
    seen: set[tuple[int, int]] = set()
    left: list[Path] = [top]
    linked: list[Path] = []
    while left or linked:
        directory = left.pop() if left else linked.pop(0)
        try:
            found = os.stat(directory)
        except OSError:
            continue
        if (found.st_dev, found.st_ino) in seen:
            continue
        seen.add((found.st_dev, found.st_ino))
        yield directory
        below = [directory / name for name, is_directory in _entries(directory) if is_directory and name[0] != "."]
        linked += [path for path in below if path.is_symlink()]
        left += [path for path in reversed(below) if not path.is_symlink()]


def _entries(directory: Path) -> list[tuple[str, bool]]:
    """The names in a directory in their order, and whether they are directories; none where we may not look."""
    try:
        with os.scandir(directory) as entries:
            return sorted((entry.name, _is_directory(entry)) for entry in entries)
    except OSError:
        return []


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _fits(pattern: str) -> Callable[[str], bool]:
    """Whether a name is of a pattern; one that begins with a dot only when the pattern does."""
    expression = re.compile(fnmatch.translate(os.path.normcase(pattern)))
    hidden = pattern.startswith(".")
    return lambda name: expression.match(os.path.normcase(name)) is not None and (hidden or not name.startswith("."))
