"""What a format of files is: all that the program asks of one, before its library is imported."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlcli.data.arrays.stored import StoredArray
    from dlcli.data.sources.options import Reading, TableOptions
    from dlcli.data.sources.source import Source
    from dlcli.errors import Problem

__all__ = ["Format", "Peek"]


@dataclasses.dataclass(frozen=True, slots=True)
class Peek:
    """What a first look at a file tells, or at all files of a source.

    Args:
        names: The column names; None when only reading tells.
        problems: The faults of a source; those of a single file are raised.
        doubts: What can be read, and looks as if it were meant otherwise.
        reading: How the text is read: what is given, and what was found; None for other files than text.
        keyed: Every row names its columns, and may lack some.
        empty: Columns that have no value in any row, each with the reason and the way out.
    """

    names: tuple[str, ...] | None
    problems: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()
    reading: Reading | None = None
    keyed: bool = False
    empty: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)


def _nothing(file: Path, options: TableOptions) -> Peek:
    return Peek(None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format of files. Its functions import what they need when they are called.

    Args:
        name: In one word.
        title: As people call it: `Parquet`.
        order: Its place in lists. The last are the first to be asked whose the first bytes of a file are.
        suffixes: Of the names of its files, in small letters.
        prose: Those of them that files of prose have as well, which are no tables.
        spoken: What `--input-format` calls it, each a suffix without its point; and what this says of the `Reading`.
        text: Its files are text, and may be gzipped.
        sniff: The suffix for a file that begins with these bytes; None when it is of another format.
        peek: A look that is cheap; raises DataError for files that cannot be read.
        open: The rows of a file; nothing is read yet.
        directories: It takes directories, and no files.
        open_rows: Of a format of directories: files as rows, named one by one, and what their column is called.
        compressed: Its files are no text, and may be gzipped as well.
        arrays: The arrays of a file by their names; None for a format of tables. An only one may have no name.
    """

    name: str
    title: str
    order: int = 100
    suffixes: tuple[str, ...]
    prose: tuple[str, ...] = ()
    spoken: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    text: bool = False
    sniff: Callable[[bytes], str | None] = lambda start: None
    peek: Callable[[Path, TableOptions], Peek] = _nothing
    open: Callable[[Path, TableOptions], Source]
    directories: bool = False
    open_rows: Callable[[Sequence[Path], TableOptions, str], Source] | None = None
    compressed: bool = False
    arrays: Callable[[Path], Mapping[str, StoredArray]] | None = None
