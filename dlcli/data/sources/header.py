"""The column names of files, cheaply: the first rows of text files, the directory of an `.npz` archive.

The first stage of `check` runs on this file, so it imports neither pandas, pyarrow nor NumPy.
"""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from dlcli.data.sources.options import TableOptions, format_of
from dlcli.data.sources.paths import find_files
from dlcli.data.sources.text import check_readable, open_text, undecodable, unreadable
from dlcli.errors import DataError, Problem

__all__ = [
    "DelimitedHeader",
    "Peek",
    "broken_archive",
    "delimited_header",
    "json_objects",
    "peek_columns",
    "same_columns",
]

JSON_ROWS = 1000
"""Rows of a JSON lines file whose keys are its columns."""


@dataclasses.dataclass(frozen=True, slots=True)
class Peek:
    """What a first look tells: the column names (None when only a Parquet reader could tell), and the faults."""

    names: tuple[str, ...] | None
    problems: tuple[Problem, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class DelimitedHeader:
    """The top of a delimited file.

    Args:
        names: Column names without surrounding blanks; empty where the header has none.
        delimiter: What stands between the cells.
        blank_lines: Empty lines before the first row.
        has_header: The first row holds the names.
        has_rows: At least one data row follows.
    """

    names: tuple[str, ...]
    delimiter: str
    blank_lines: int
    has_header: bool
    has_rows: bool


def peek_columns(patterns: Sequence[str], options: TableOptions, *, path: str = "data.train") -> Peek:
    """The column names of one source, without reading it.

    Args:
        patterns: Paths and globs.
        options: How text files are to be read.
        path: Where in the config the source stands.
    """
    try:
        files = find_files(patterns, path=path)
    except DataError as error:
        return Peek(None, error.problems)
    problems: list[Problem] = []
    found: list[tuple[Path, tuple[str, ...]]] = []
    unknown = False
    for file in files:
        try:
            names = _names(file, options)
        except DataError as error:
            problems.extend(error.problems)
            continue
        if names is None:
            unknown = True
        else:
            found.append((file, names))
    # As a row of JSON lines may lack keys, so may a file of them.
    every = tuple(dict.fromkeys(name for file, names in found if format_of(file) == "jsonl" for name in names))
    found = [(file, every if format_of(file) == "jsonl" else names) for file, names in found]
    problems.extend(same_columns(found))
    return Peek(None if unknown or not found else found[0][1], tuple(problems))


def _names(file: Path, options: TableOptions) -> tuple[str, ...] | None:
    check_readable(file)
    match format_of(file):
        case "delimited":
            return delimited_header(file, options).names
        case "jsonl":
            objects = json_objects(file, options)
            names = dict.fromkeys(name for _, row in itertools.islice(objects, JSON_ROWS) for name in row)
            # A key may come late: whoever reads all rows will know.
            return tuple(names) if next(objects, None) is None else None
        case "npz":
            try:
                with zipfile.ZipFile(file) as archive:
                    return tuple(name.removesuffix(".npy") for name in archive.namelist())
            except zipfile.BadZipFile as error:
                raise broken_archive(file, str(error)) from None
        case "parquet":
            return None


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


def delimited_header(file: Path, options: TableOptions) -> DelimitedHeader:
    """Read the first rows of a CSV file or one of its kin.

    Raises:
        DataError: No header, repeated names, wrong encoding, a binary or truncated file.
    """
    delimiter = options.delimiter_of(file)
    try:
        with open_text(file, options) as stream:
            blank_lines, rows = _skip_blank(stream, delimiter)
            first, second = next(rows, None), next(rows, None)
    except UnicodeDecodeError as error:
        raise undecodable(file, options, error) from None
    except (EOFError, OSError, zlib.error) as error:
        raise unreadable(file, error) from None
    except csv.Error as error:
        raise DataError(Problem(f"the first row cannot be read: {error}", file=file, line=1, rule="header")) from None
    if first is None:
        raise DataError(Problem("the file holds no rows, not even a header", file=file, rule="empty-file"))
    cells = tuple(cell.strip() for cell in first)
    if options.columns is None:
        _check_repeated(file, cells, line=blank_lines + 1)
        return DelimitedHeader(cells, delimiter, blank_lines, has_header=True, has_rows=second is not None)
    if cells == options.columns:
        raise DataError(
            Problem(
                "the first row repeats data.columns: the file has a header",
                path="data.columns",
                hint="remove data.columns",
                rule="header",
            )
        )
    if len(cells) != len(options.columns):
        raise DataError(
            Problem(
                f"data.columns names {len(options.columns)} columns, "
                f"and the first row of '{file.name}' has {len(cells)} cells",
                path="data.columns",
                hint=f"is data.delimiter {delimiter!r}?"
                if len(cells) == 1
                else "name every column, in the file's order",
                rule="header",
            )
        )
    _check_repeated(file, options.columns, line=None)
    return DelimitedHeader(options.columns, delimiter, blank_lines, has_header=False, has_rows=True)


def _skip_blank(stream: TextIO, delimiter: str) -> tuple[int, Iterator[list[str]]]:
    blank = 0
    for line in stream:
        if line.strip("\r\n"):
            rows = csv.reader(itertools.chain([line], stream), delimiter=delimiter)
            return blank, (row for row in rows if row)
        blank += 1
    return blank, iter(())


def _check_repeated(file: Path, names: Sequence[str], *, line: int | None) -> None:
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        places = "; ".join(
            f"'{name}' in columns {', '.join(str(index + 1) for index, other in enumerate(names) if other == name)}"
            for name in repeated
        )
        raise DataError(
            Problem(
                f"column names stand more than once: {places}",
                hint="every column needs a name of its own",
                file=file,
                line=line,
                rule="duplicate-column",
            )
        )


def json_objects(file: Path, options: TableOptions) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON lines file with their 1-based lines; blank lines are passed over.

    Raises:
        DataError: A line that holds no JSON object, a wrong encoding, a truncated file.
    """
    line = 0
    try:
        with open_text(file, options) as stream:
            for text in stream:
                line += 1
                if not text.strip():
                    continue
                try:
                    value = json.loads(text, object_pairs_hook=_object)
                except (ValueError, RecursionError) as error:
                    raise _bad_line(file, line, f"holds no JSON: {error}", text) from None
                if not isinstance(value, dict):
                    raise _bad_line(file, line, f"holds {type(value).__name__}, not an object", text)
                yield line, value
    except UnicodeDecodeError as error:
        raise undecodable(file, options, error) from None
    except (EOFError, OSError, zlib.error) as error:
        raise unreadable(file, error) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} stands twice")
    return value


def _bad_line(file: Path, line: int, fault: str, text: str) -> DataError:
    array = line == 1 and text.lstrip().startswith("[")
    hint = "the file is a JSON array; " * array + 'JSON lines hold one object a line, such as {"age": 31}'
    return DataError(Problem(f"line {line} {fault}", hint=hint, file=file, line=line, rule="json-line"))


def broken_archive(file: Path, reason: str) -> DataError:
    """An `.npz` file that is none."""
    return DataError(
        Problem(
            f"'{file.name}' is no .npz file: {reason.lower()}",
            hint="write it with numpy.savez(file, x=x, y=y); copy it again if it was cut short",
            file=file,
            rule="damaged-file",
        )
    )
