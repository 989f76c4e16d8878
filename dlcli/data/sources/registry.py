"""The formats of files, found by their folders; and which of them a file is of: by its name, or its first bytes."""

from __future__ import annotations

import contextlib
import functools
import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlcli.data import sources
from dlcli.data.sources.access import is_gzipped, start_of
from dlcli.data.sources.format import Format
from dlcli.errors import DataError, Problem, did_you_mean

__all__ = [
    "by_content",
    "by_name",
    "by_suffix",
    "format_of",
    "formats",
    "formats_of",
    "sniff",
    "spoken_names",
    "suffixes",
]

GLANCE = 1 << 12
"""Bytes that tell the format of a file whose name does not."""

_LISTED = 3
"""Files of no format that are told one by one."""


@functools.cache
def formats() -> tuple[Format, ...]:
    """All formats, in their order."""
    folders = [each.name for each in pkgutil.iter_modules(sources.__path__) if each.ispkg]
    found = [importlib.import_module(f"{sources.__name__}.{name}.format").FORMAT for name in folders]
    return tuple(sorted(found, key=lambda format: (format.order, format.name)))


@functools.cache
def suffixes() -> Mapping[str, Format]:
    """The format of a file by its suffix; text may carry a further `.gz`."""
    return {suffix: format for format in formats() for suffix in format.suffixes}


def spoken_names() -> tuple[str, ...]:
    """What `--input-format` may be."""
    return tuple(name for format in formats() for name in format.spoken)


def by_name(name: str) -> Format:
    """The format that `--input-format` calls so.

    Raises:
        DataError: There is none (`unknown-format`).
    """
    found = next((format for format in formats() if name in format.spoken), None)
    if found is None:
        names = spoken_names()
        hint = did_you_mean(name, names) or f"the formats are {', '.join(names)}"
        raise DataError(Problem(f"there is no format {name!r}", hint=hint, rule="unknown-format"))
    return found


def by_suffix(file: Path) -> Format | None:
    """The format that a file's name says; None when it says none."""
    return suffixes().get(Path(file.stem if is_gzipped(file) else file.name).suffix.lower())


def sniff(start: bytes) -> str | None:
    """The suffix of the format that the first bytes are of; None when they are of none.

    Example:
        >>> sniff(b'{"age": 31}'), sniff(b"PAR1"), sniff(b"a\\tb\\n")
        ('.jsonl', '.parquet', '.tsv')
    """
    found = (format.sniff(start) for format in reversed(formats()))
    return next((suffix for suffix in found if suffix is not None), None)


def by_content(start: bytes) -> Format | None:
    """The format of a file that begins so; None when it is of none."""
    suffix = sniff(start)
    return None if suffix is None else suffixes()[suffix]


def format_of(file: Path) -> Format:
    """The format that the file's name says, or its first bytes where the name says none; of a directory the one that
    takes them.

    Raises:
        DataError: It is of no format that is read (`unknown-format`).
    """
    if file.is_dir():
        return next(format for format in formats() if format.directories)
    found = by_suffix(file) or _peeked(file)
    if found is None or (is_gzipped(file) and not (found.text or found.compressed)):
        raise DataError(
            Problem(
                f"'{file.name}' is of no format that can be read",
                hint=f"the formats are {', '.join(suffixes())}; {_gzipped()} may end in .gz. Files that a feature "
                f"opens, such as images, are the rows of their folder: name '{file.parent}'",
                file=file,
                rule="unknown-format",
            )
        )
    return found


def formats_of(files: Sequence[Path]) -> tuple[list[tuple[Path, Format]], list[Problem]]:
    """Each file with its format, and the problems of those that are of none: the first few, and how many there are."""
    found: list[tuple[Path, Format]] = []
    problems: list[Problem] = []
    for file in files:
        try:
            found.append((file, format_of(file)))
        except DataError as error:
            problems += error.problems
    more = len(problems) - _LISTED
    if more > 0:
        message = f"{more:,} more files are of no format that can be read"
        problems[_LISTED:] = [Problem(message, hint=problems[0].hint, rule="unknown-format")]
    return found, problems


def _gzipped() -> str:
    return ", ".join(["text files", *(format.title for format in formats() if format.compressed)])


def _peeked(file: Path) -> Format | None:
    with contextlib.suppress(DataError):
        return by_content(start_of(file, GLANCE))
    return None
