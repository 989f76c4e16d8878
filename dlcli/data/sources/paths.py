"""From paths and globs to the files that they mean. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from dlcli.config.document.file_names import name_problem
from dlcli.data.sources.matching import matches
from dlcli.errors import DataError, Problem, did_you_mean

__all__ = ["find_files"]


def find_files(patterns: Sequence[str], *, path: str) -> tuple[Path, ...]:
    """The files that the paths and globs mean: in the order given, the matches of a glob sorted by name.

    A glob gives every file once, whatever links lead to it; a file that is named twice is a fault. A directory is given
    as it is, for there are formats that take one.

    Args:
        patterns: Paths and globs such as `data/part-*.csv`; a path that exists is taken as it is.
        path: Where in the config they stand, for the messages.

    Raises:
        DataError: Missing files, globs without a match, names that cannot be; all of them at once.
    """
    files: list[Path] = []
    problems: list[Problem] = []
    for pattern in patterns:
        try:
            files += _find(pattern, path)
        except DataError as error:
            problems += error.problems
        except OSError as error:
            message = f"'{pattern}' cannot be looked for: {error.strerror or error}"
            problems.append(Problem(message, path=path, rule="unreadable-file"))
    folders = [file.resolve() for file in files if file.is_dir()]
    within = [file for file in files if any(folder in file.resolve().parents for folder in folders)] if folders else []
    counts = Counter(map(_identity, [*files, *within]))
    repeated = sorted({str(file) for file in files if counts[_identity(file)] > 1})
    if repeated:
        problems.append(
            Problem(
                f"read more than once: {', '.join(repeated)}",
                path=path,
                hint="name every file once",
                rule="repeated-file",
            )
        )
    if problems:
        raise DataError(problems)
    return tuple(files)


def _find(pattern: str, path: str) -> Sequence[Path]:
    """The files of one pattern.

    Raises:
        DataError: There are none, or they have names that cannot be.
        OSError: The system does not let us look.
    """
    fault = name_problem(pattern, path=path)
    if fault is not None:
        raise DataError(fault)
    file = Path(pattern)
    if file.is_dir():
        return [file]
    if file.exists():
        if not stat.S_ISREG(os.stat(file).st_mode):
            message = f"'{file}' is a pipe or a device, and data is read more than once"
            hint = f"write it to a file first: cat '{file}' > rows.csv"
            raise DataError(Problem(message, path=path, hint=hint, rule="not-a-file"))
        return [file]
    if glob.has_magic(pattern):
        found = list(_once(sorted(matches(pattern))))
        problems = [fault for file in found if (fault := name_problem(str(file), path=path)) is not None]
        if problems:
            raise DataError(problems)
        if found:
            return found
        message, hint = f"no file matches '{pattern}'", _folders(pattern) or _near(file.parent, "*")
    elif re.match(r"[a-z][a-z0-9]+://", pattern):
        message, hint = f"'{pattern}' is an address, not a file", "download it first; only local files are read"
    else:
        message, hint = f"there is no file '{file}'", _near(file.parent, file.name)
    raise DataError(Problem(message, path=path, hint=hint, rule="file-not-found"))


def _once(files: Sequence[Path]) -> Iterator[Path]:
    """Every file once, by the name that is no link where there is one."""
    links: list[Path] = []
    chosen: dict[object, Path] = {}
    for file in files:
        if file.is_symlink():
            links.append(file)
        else:
            chosen.setdefault(_identity(file), file)
    for file in links:
        chosen.setdefault(_identity(file), file)
    yield from sorted(chosen.values())


def _identity(file: Path) -> object:
    """Equal for two names of one file."""
    try:
        found = os.stat(file)
    except OSError:
        return str(file)
    return found.st_dev, found.st_ino


def _near(directory: Path, name: str) -> str:
    if not directory.is_dir():
        return f"there is no directory '{directory}'"
    names = _names(directory)
    near = did_you_mean(name, names)
    if near:
        return near
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return f"'{directory}' holds {shown}" if names else f"'{directory}' holds no files"


def _folders(pattern: str) -> str:
    """What to do with a glob that matches folders; empty for one that does not."""
    found = [each for each in glob.iglob(pattern) if os.path.isdir(each)]
    if not found:
        return ""
    return f"it matches folders, such as '{min(found)}': name one, a list of them, or the one above"


def _names(directory: Path) -> list[str]:
    """The files in a directory whose names can be shown; none where we may not look."""
    names: list[str] = []
    with contextlib.suppress(OSError):
        names = [entry.name for entry in directory.iterdir() if entry.is_file()]
    return sorted(name for name in names if name_problem(name) is None)
