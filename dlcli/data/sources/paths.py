"""From paths and globs to the files that they mean. Imports nothing heavy."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from dlcli.errors import DataError, Problem, did_you_mean

__all__ = ["find_files"]


def find_files(patterns: Sequence[str], *, path: str) -> tuple[Path, ...]:
    """The files that the paths and globs mean: in the order given, the matches of a glob sorted by name.

    Args:
        patterns: Paths and globs such as `data/part-*.csv`; a path that exists is taken as it is.
        path: Where in the config they stand, for the messages.

    Raises:
        DataError: Missing files, directories, globs without a match; all of them at once.
    """
    files: list[Path] = []
    problems: list[Problem] = []
    for pattern in patterns:
        file = Path(pattern)
        if file.is_dir():
            problems.append(_directory(file, path))
        elif file.exists():
            files.append(file)
        elif glob.has_magic(pattern):
            matches = sorted(Path(match) for match in glob.glob(pattern, recursive=True))
            files.extend(match for match in matches if match.is_file())
            if not any(match.is_file() for match in matches):
                problems.append(
                    Problem(
                        f"no file matches '{pattern}'", path=path, hint=_near(file.parent, "*"), rule="file-not-found"
                    )
                )
        elif re.match(r"[a-z][a-z0-9]+://", pattern):
            problems.append(
                Problem(
                    f"'{pattern}' is an address, not a file",
                    path=path,
                    hint="download it first; only local files are read",
                    rule="file-not-found",
                )
            )
        else:
            problems.append(
                Problem(
                    f"there is no file '{file}'", path=path, hint=_near(file.parent, file.name), rule="file-not-found"
                )
            )
    repeated = sorted({str(file) for file in files if files.count(file) > 1})
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


def _directory(directory: Path, path: str) -> Problem:
    names = sorted(entry.name for entry in directory.iterdir() if entry.is_file())
    glob_ = f"'{directory}/*{Path(names[0]).suffix}'" if names else ""
    hint = f"name a file in it, or a glob such as {glob_}" if names else "it holds no files"
    return Problem(f"'{directory}' is a directory, not a file", path=path, hint=hint, rule="not-a-file")


def _near(directory: Path, name: str) -> str:
    if not directory.is_dir():
        return f"there is no directory '{directory}'"
    names = sorted(entry.name for entry in directory.iterdir() if entry.is_file())
    near = did_you_mean(name, names)
    if near:
        return near
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return f"'{directory}' holds {shown}" if names else f"'{directory}' holds no files"
