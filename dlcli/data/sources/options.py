"""How text files are to be read, and which file formats there are. Imports nothing heavy."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

from dlcli.config.schema import DataConfig
from dlcli.errors import DataError, Problem

__all__ = ["FORMATS", "Format", "TableOptions", "format_of", "is_gzipped"]

Format = Literal["delimited", "jsonl", "parquet", "npz"]

FORMATS: dict[str, Format] = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".txt": "delimited",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".npz": "npz",
}
"""The format of a file by its suffix; text formats may carry a further `.gz`."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How to read the cells of text files.

    Args:
        columns: Column names of files without a header; None when the first row is the header.
        delimiter: Between the cells; a comma, or a tab for `.tsv`, when None.
        encoding: A text encoding that Python knows.
        missing_values: Cells that count as empty, in every format.
    """

    columns: tuple[str, ...] | None = None
    delimiter: str | None = None
    encoding: str = "utf-8"
    missing_values: tuple[str, ...] = ("",)

    @classmethod
    def of(cls, config: DataConfig) -> TableOptions:
        """The options of a `data` section."""
        return cls(
            columns=None if config.columns is None else tuple(config.columns),
            delimiter=config.delimiter,
            encoding=config.encoding,
            missing_values=tuple(config.missing_values),
        )

    def delimiter_of(self, file: Path) -> str:
        """The delimiter for this file."""
        return self.delimiter or ("\t" if ".tsv" in file.suffixes[-2:] else ",")


def is_gzipped(file: Path) -> bool:
    """Whether the file's name says that it is gzipped."""
    return file.suffix.lower() == ".gz"


def format_of(file: Path) -> Format:
    """The format that the file's name says.

    Raises:
        DataError: Unknown suffix (`unknown-format`).
    """
    suffixes = [suffix.lower() for suffix in file.suffixes]
    gzipped = bool(suffixes) and suffixes[-1] == ".gz"
    found = FORMATS.get(suffixes[-2] if gzipped and len(suffixes) > 1 else (suffixes or [""])[-1])
    if found is None or (gzipped and found not in ("delimited", "jsonl")):
        raise DataError(
            Problem(
                f"'{file.name}' is of no format that can be read",
                hint=f"the formats are {', '.join(FORMATS)}; text files may end in .gz",
                file=file,
                rule="unknown-format",
            )
        )
    return found
