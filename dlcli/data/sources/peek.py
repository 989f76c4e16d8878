"""The column names of files, cheaply: the first rows of text files, the directory of an archive.

The first stage of `check` runs on this file, so it imports neither pandas, pyarrow nor NumPy.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlcli.config.options.sources import FileColumns, KerasData, Source
from dlcli.data.sources.access import check_readable
from dlcli.data.sources.format import Peek
from dlcli.data.sources.keras_sets import KERAS_COLUMNS, keras_files
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.paths import find_files
from dlcli.data.sources.registry import format_of, formats, formats_of
from dlcli.errors import DataError, Problem, did_you_mean

__all__ = ["below", "missing_names", "peek_columns", "same_columns", "source_files"]


def source_files(source: Source, *, path: str) -> tuple[Path, ...]:
    """The files of a source.

    Args:
        source: As a config says it.
        path: Where in the config it stands.

    Raises:
        DataError: Files that are not there; all of them at once.
    """
    if isinstance(source, KerasData):
        return keras_files(source, path=path)
    if isinstance(source, FileColumns):
        return find_files(source.file, path=below(path, "file"))
    if not isinstance(source, dict):
        return find_files(source, path=path)
    found: list[Path] = []
    problems: list[Problem] = []
    for column, name in source.items():
        try:
            found += one_file(name, path=below(path, column))
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)
    return tuple(found)


def below(path: str, key: str) -> str:
    """The path of a key in the config; of the key alone where the source stands in none."""
    return f"{path}.{key}" if path else key


def one_file(name: str, *, path: str) -> tuple[Path]:
    """The one file of an array.

    Raises:
        DataError: There is none, or there are several, or it is of a format of tables.
    """
    files = find_files([name], path=path)
    if len(files) > 1:
        message = f"'{name}' matches {len(files)} files, and an array is in one"
        raise DataError(Problem(message, path=path, hint="name one file", rule="not-an-array"))
    format = format_of(files[0])
    if format.arrays is None:
        message = f"'{files[0].name}' is a {format.title} {'' if format.directories else 'table'}".strip()
        titles = ", ".join(each.title for each in formats() if each.arrays is not None)
        hint = f"arrays are in files of {titles}; a table is a source of its own: train: {name}"
        raise DataError(Problem(f"{message}, no array", path=path, hint=hint, rule="not-an-array"))
    check_readable(files[0])
    return (files[0],)


def peek_columns(source: Source, options: TableOptions, *, path: str = "data.train") -> Peek:
    """The column names of one source, without reading it; and how its first file is read.

    Args:
        source: As a config says it.
        options: How text files are to be read.
        path: Where in the config the source stands.
    """
    if isinstance(source, FileColumns):
        return _by_other_names(source, options, path=path)
    if isinstance(source, (dict, KerasData)):
        try:
            source_files(source, path=path)
        except DataError as error:
            return Peek(None, error.problems)
        return Peek(KERAS_COLUMNS if isinstance(source, KerasData) else tuple(source))
    return _peek(source, options, path=path)


def _by_other_names(source: FileColumns, options: TableOptions, *, path: str) -> Peek:
    look = _peek(source.file, options, path=below(path, "file"))
    problems = look.problems
    if look.names is not None:
        problems += missing_names(source.columns, look.names, path=below(path, "columns"))
    # What may be meant by the names in the file has been said.
    return dataclasses.replace(look, names=tuple(source.columns), problems=problems, doubts=())


def missing_names(columns: Mapping[str, str], present: Sequence[str], *, path: str) -> tuple[Problem, ...]:
    """A problem for each column that a file does not have."""
    return tuple(
        Problem(
            f"there is no column '{name}' in the file",
            path=below(path, column),
            hint=did_you_mean(name, present) or f"its columns are {', '.join(filter(None, present[:10]))}",
            rule="missing-column",
        )
        for column, name in columns.items()
        if name not in present
    )


def _peek(patterns: Sequence[str], options: TableOptions, *, path: str) -> Peek:
    problems: list[Problem] = []
    found: list[tuple[Path, Peek]] = []
    try:
        files = find_files(patterns, path=path)
    except DataError as error:
        return Peek(None, error.problems)
    known, unknown = formats_of(files)
    problems.extend(unknown)
    for file, format in known:
        try:
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
        empty=found[0][1].empty if len(found) == 1 else {},
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
