"""The column names of files, cheaply: the first rows of text files, the directory of an archive.

The first stage of `check` runs on this file, so it imports neither pandas, pyarrow nor NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dlcli.data.sources.access import check_readable
from dlcli.data.sources.format import Peek
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.paths import find_files
from dlcli.data.sources.registry import format_of
from dlcli.errors import DataError, Problem

__all__ = ["peek_columns", "same_columns"]


def peek_columns(patterns: Sequence[str], options: TableOptions, *, path: str = "data.train") -> Peek:
    """The column names of one source, without reading it; and how its first file is read.

    Args:
        patterns: Paths and globs.
        options: How text files are to be read.
        path: Where in the config the source stands.
    """
    problems: list[Problem] = []
    found: list[tuple[Path, Peek]] = []
    try:
        files = find_files(patterns, path=path)
    except DataError as error:
        return Peek(None, error.problems)
    for file in files:
        try:
            format = format_of(file)
            if not format.directories:
                check_readable(file)
            found.append((file, format.peek(file, options)))
        except DataError as error:
            problems.extend(error.problems)
    named = [(file, look.names, look.keyed) for file, look in found if look.names is not None]
    # As a row may lack keys, so may a file of such rows.
    every = tuple(dict.fromkeys(name for _, names, keyed in named if keyed for name in names))
    columns = [(file, every if keyed else names) for file, names, keyed in named]
    problems.extend(same_columns(columns))
    return Peek(
        columns[0][1] if len(columns) == len(found) > 0 else None,
        tuple(problems),
        tuple(doubt for _, look in found for doubt in look.doubts),
        found[0][1].reading if found else None,
    )


def same_columns(found: Sequence[tuple[Path, tuple[str, ...]]]) -> list[Problem]:
    """A problem for each file whose columns are not those of the first; their order may differ."""
    problems = []
    for file, names in found[1:]:
        first, expected = found[0]
        faults = [
            f"{verb} {', '.join(repr(name) for name in sorted(difference))}"
            for verb, difference in (("lacks", set(expected) - set(names)), ("also has", set(names) - set(expected)))
            if difference
        ]
        if faults:
            problems.append(
                Problem(
                    f"the columns differ from those of '{first.name}': '{file.name}' {' and '.join(faults)}",
                    hint="files that are read together must have the same columns",
                    file=file,
                    rule="different-columns",
                )
            )
    return problems
