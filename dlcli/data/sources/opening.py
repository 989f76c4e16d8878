"""From paths to a source, by the files' formats."""

from __future__ import annotations

from collections.abc import Sequence

from dlcli.data.sources.files import Files
from dlcli.data.sources.format import Format
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.paths import find_files
from dlcli.data.sources.registry import format_of
from dlcli.data.sources.source import Source
from dlcli.errors import DataError, Problem

__all__ = ["open_source"]


def open_source(patterns: Sequence[str], options: TableOptions, *, path: str, format: Format | None = None) -> Source:
    """The rows of the files that paths and globs mean. Opens nothing yet but finds the files.

    Args:
        patterns: Paths and globs.
        options: How text files are to be read.
        path: Where in the config they stand, for the messages.
        format: Their format; by the files' names when None.

    Raises:
        DataError: Missing files, unknown formats; all of them at once.

    Example:
        >>> source = open_source(["iris.csv"], TableOptions(), path="data.train")  # doctest: +SKIP
        >>> [info.name for info in source.columns()]  # doctest: +SKIP
        ['sepal_length', 'species']
    """
    sources: list[Source] = []
    problems: list[Problem] = []
    for file in find_files(patterns, path=path):
        try:
            sources.append((format_of(file) if format is None or file.is_dir() else format).open(file, options))
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(problems)
    return Files(tuple(sources))
