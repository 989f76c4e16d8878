"""The formats that predictions are written in: the one place that names them. Imports nothing heavy."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from dlcli.errors import DataError, Problem

if TYPE_CHECKING:
    import pyarrow as pa

    from dlcli.prediction.writers import TableWriter

__all__ = ["OUTPUTS", "Output", "OutputFormat", "output_format"]

OutputFormat = Literal["csv", "tsv", "jsonl", "parquet", "npz"]


@dataclasses.dataclass(frozen=True)
class Output:
    """A format of output files.

    Args:
        suffixes: Of their names.
        writer: Onto an open stream, for a schema; True leaves texts as they are that a spreadsheet would run.
        rounded: Numbers are texts, in no more digits than they have.
    """

    suffixes: tuple[str, ...]
    writer: Callable[[BinaryIO, pa.Schema, bool], TableWriter]
    rounded: bool = True


def _delimited(stream: BinaryIO, schema: pa.Schema, raw_text: bool, *, delimiter: str) -> TableWriter:
    from dlcli.prediction.writers import DelimitedWriter

    return DelimitedWriter(stream, schema, delimiter, raw_text=raw_text)


def _json_lines(stream: BinaryIO, schema: pa.Schema, raw_text: bool) -> TableWriter:
    from dlcli.prediction.writers import JsonLinesWriter

    return JsonLinesWriter(stream, schema)


def _arrays(stream: BinaryIO, schema: pa.Schema, raw_text: bool) -> TableWriter:
    from dlcli.prediction.writers import ArraysWriter

    return ArraysWriter(stream, schema)


def _parquet(stream: BinaryIO, schema: pa.Schema, raw_text: bool) -> TableWriter:
    from dlcli.prediction.writers import ParquetWriter

    return ParquetWriter(stream, schema)


OUTPUTS: dict[OutputFormat, Output] = {
    "csv": Output((".csv",), functools.partial(_delimited, delimiter=",")),
    "tsv": Output((".tsv",), functools.partial(_delimited, delimiter="\t")),
    "jsonl": Output((".jsonl", ".ndjson"), _json_lines),
    "parquet": Output((".parquet",), _parquet, rounded=False),
    "npz": Output((".npz",), _arrays, rounded=False),
}


def output_format(path: Path | None) -> OutputFormat:
    """The format that the suffix says; the first for standard output.

    Raises:
        DataError: An unknown suffix.
    """
    if path is None:
        return next(iter(OUTPUTS))
    suffixes = {suffix: name for name, output in OUTPUTS.items() for suffix in output.suffixes}
    if path.suffix.lower() not in suffixes:
        raise DataError(
            Problem(
                f"the output {str(path)!r} has the suffix {path.suffix!r}",
                hint=f"use one of {', '.join(suffixes)}, or say --format",
                rule="unknown-format",
            )
        )
    return suffixes[path.suffix.lower()]
