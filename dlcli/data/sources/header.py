"""The column names of files, cheaply: the first rows of text files, the directory of an `.npz` archive.

The first stage of `check` runs on this file, so it imports neither pandas, pyarrow nor NumPy.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dlcli.data.sources.delimited.header import delimited_header
from dlcli.data.sources.options import Format, Reading, TableOptions, format_of
from dlcli.data.sources.paths import find_files
from dlcli.data.sources.text import check_readable, find_encoding, open_text, undecodable, unreadable
from dlcli.errors import DataError, Problem

__all__ = [
    "Peek",
    "broken_archive",
    "find_doubts",
    "json_objects",
    "likely_reading",
    "peek_columns",
    "same_columns",
]

JSON_ROWS = 1000
"""Rows of a JSON lines file whose keys are its columns."""


LOOKED_AT = 20
"""Files of one input in which doubts are looked for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Peek:
    """What a first look tells.

    Args:
        names: The column names; None when only a Parquet reader could tell.
        problems: The faults.
        doubts: What can be read, and looks as if it were meant otherwise.
    """

    names: tuple[str, ...] | None
    problems: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()


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
    doubts: list[Problem] = []
    unknown = False
    for file in files:
        try:
            names, doubtful = _names(file, options)
        except DataError as error:
            problems.extend(error.problems)
            continue
        doubts.extend(doubtful)
        if names is None:
            unknown = True
        else:
            found.append((file, names))
    # As a row of JSON lines may lack keys, so may a file of them.
    every = tuple(dict.fromkeys(name for file, names in found if format_of(file) == "jsonl" for name in names))
    found = [(file, every if format_of(file) == "jsonl" else names) for file, names in found]
    problems.extend(same_columns(found))
    return Peek(None if unknown or not found else found[0][1], tuple(problems), tuple(doubts))


def find_doubts(files: Sequence[Path], options: TableOptions, *, format: Format | None = None) -> tuple[Problem, ...]:
    """What looks as if files that can be read were meant otherwise than they are read.

    Args:
        files: The files.
        options: How text files are to be read.
        format: Their format; by the files' names when None.
    """
    headers = [
        delimited_header(file, options) for file in files[:LOOKED_AT] if (format or format_of(file)) == "delimited"
    ]
    return tuple(doubt for header in headers for doubt in header.doubts)


def likely_reading(patterns: Sequence[str], options: TableOptions) -> Reading:
    """How the first file of a source is read, if it is delimited text: what is given, and what was found.

    Raises:
        DataError: It cannot be read.
    """
    file = find_files(patterns, path="")[0]
    if format_of(file) != "delimited":
        return options.reading
    header = delimited_header(file, options)
    return dataclasses.replace(
        options.reading,
        delimiter=header.dialect.delimiter,
        header=header.has_header,
        encoding=header.dialect.encoding,
        decimal=header.numerals.decimal,
        thousands=header.numerals.thousands or None,
    )


def _names(file: Path, options: TableOptions) -> tuple[tuple[str, ...] | None, tuple[Problem, ...]]:
    check_readable(file)
    match format_of(file):
        case "delimited":
            header = delimited_header(file, options)
            return header.names, header.doubts
        case "jsonl":
            objects = json_objects(file, options)
            names = dict.fromkeys(name for _, row in itertools.islice(objects, JSON_ROWS) for name in row)
            # A key may come late: whoever reads all rows will know.
            return (tuple(names) if next(objects, None) is None else None), ()
        case "npz":
            try:
                with zipfile.ZipFile(file) as archive:
                    return tuple(name.removesuffix(".npy") for name in archive.namelist()), ()
            except zipfile.BadZipFile as error:
                raise broken_archive(file, str(error)) from None
        case "parquet":
            return None, ()


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


def json_objects(file: Path, options: TableOptions) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON lines file with their 1-based lines; blank lines are passed over.

    Raises:
        DataError: A line that holds no JSON object, a wrong encoding, a truncated file.
    """
    line = 0
    encoding = find_encoding(file, options).name
    try:
        with open_text(file, encoding) as stream:
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
        raise undecodable(file, encoding, error) from None
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
