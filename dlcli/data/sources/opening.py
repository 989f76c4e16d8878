"""From what a config says of a source to its rows, by the files' formats."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.config.options.sources import FileColumns, KerasData
from dlcli.config.options.sources import Source as Said
from dlcli.data.sources.files import Files, OtherNames
from dlcli.data.sources.format import Format
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.paths import find_files
from dlcli.data.sources.peek import below, source_files
from dlcli.data.sources.registry import format_of, formats, formats_of
from dlcli.data.sources.source import Source
from dlcli.errors import DataError, Problem

if TYPE_CHECKING:
    from dlcli.data.arrays.stored import StoredArray

__all__ = ["open_source"]


def open_source(
    source: Said, options: TableOptions, *, path: str, format: Format | None = None, opened: Sequence[str] = ()
) -> Source:
    """The rows of a source. Opens nothing yet but finds the files.

    Args:
        source: Paths and globs, or another form that a config may give.
        options: How text files are to be read.
        path: Where in the config it stands, for the messages.
        format: Of the files; by their names when None.
        opened: The columns whose cells name files. Is it one, then such files may stand in the place of a table.

    Raises:
        DataError: Missing files, unknown formats; all of them at once.

    Example:
        >>> source = open_source(["iris.csv"], TableOptions(), path="data.train")  # doctest: +SKIP
        >>> [info.name for info in source.columns()]  # doctest: +SKIP
        ['sepal_length', 'species']
    """
    if isinstance(source, FileColumns):
        wanted = dataclasses.replace(
            options, only=frozenset(source.columns.values()), forms=options.forms.renamed(source.columns)
        )
        return OtherNames(_open(source.file, wanted, path=below(path, "file"), format=format), source.columns, path)
    if isinstance(source, KerasData):
        from dlcli.data.sources.keras_sets import keras_arrays

        files = source_files(source, path=path)
        return _arrays(source.keras, files, options, lambda: keras_arrays(source, files))
    if isinstance(source, dict):
        files = source_files(source, path=path)
        name = ", ".join(dict.fromkeys(file.name for file in files))
        return _arrays(name, files, options, lambda: _of_files(source, files))
    return _open(source, options, path=path, format=format, opened=opened)


def _open(
    patterns: Sequence[str], options: TableOptions, *, path: str, format: Format | None, opened: Sequence[str] = ()
) -> Source:
    files = find_files(patterns, path=path)
    if format is not None and not any(file.is_dir() for file in files):
        return Files(tuple(format.open(file, options) for file in files))
    known, problems = formats_of(files)
    if len(opened) == 1 and ((problems and not known) or _are_prose(known, options, opened[0])):
        open_rows = next(each.open_rows for each in formats() if each.open_rows is not None)
        return open_rows(files, options, opened[0])
    if problems:
        raise DataError(problems)
    return Files(tuple(found.open(file, options) for file, found in known))


def _are_prose(known: Sequence[tuple[Path, Format]], options: TableOptions, column: str) -> bool:
    """Whether files are no tables that name others, but what a column would name: texts may look like tables."""
    return bool(known) and all(
        found.text
        and (file.suffix.lower() not in found.suffixes or file.suffix.lower() in found.prose)
        and column not in _names_in(file, found, options)
        for file, found in known
    )


def _names_in(file: Path, found: Format, options: TableOptions) -> Sequence[str]:
    try:
        return found.peek(file, options).names or ()
    except DataError:  # it is no table
        return ()


def _arrays(
    name: str, files: tuple[Path, ...], options: TableOptions, read: Callable[[], Mapping[str, StoredArray]]
) -> Source:
    from dlcli.data.sources.arrays import ArrayTable

    return ArrayTable(name, files, options, read)


def _of_files(columns: Mapping[str, str], files: Sequence[Path]) -> dict[str, StoredArray]:
    """The array of each column.

    Raises:
        DataError: Files are damaged, or hold several arrays of other names; all of them at once.
    """
    found: dict[str, StoredArray] = {}
    problems: list[Problem] = []
    for column, file in zip(columns, files, strict=True):
        try:
            found[column] = _of_file(column, file)
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)
    return found


def _of_file(column: str, file: Path) -> StoredArray:
    read = format_of(file).arrays
    assert read is not None, "source_files has seen to it"
    arrays = read(file)
    if column in arrays:
        return arrays[column]
    if len(arrays) > 1:
        raise DataError(
            Problem(
                f"'{file.name}' holds several arrays, and none is called '{column}': {', '.join(arrays)}",
                hint=f"say which: {{file: {file.name}, columns: {{{column}: {next(iter(arrays))}}}}}",
                file=file,
                rule="not-an-array",
            )
        )
    return next(iter(arrays.values()))
