"""Files of predictions, written chunk by chunk: CSV, TSV, JSON lines, Parquet; each appears whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from dlcli.errors import DataError, Problem

__all__ = ["FORMATS", "TableWriter", "output_format", "write_file", "write_stream"]

FORMATS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""The format of an output file by its suffix."""


class TableWriter(Protocol):
    """Takes tables of one schema, one after the other."""

    def write(self, table: pa.Table) -> None:
        """Append rows."""

    def close(self) -> None:
        """Write what the format wants at its end."""


class DelimitedWriter:
    """CSV or TSV; cells are quoted where they must be."""

    def __init__(self, stream: BinaryIO, schema: pa.Schema, delimiter: str) -> None:
        header = io.StringIO()
        csv.writer(header, delimiter=delimiter, lineterminator="\n").writerow(schema.names)
        stream.write(header.getvalue().encode())
        self._stream, self._delimiter = stream, delimiter

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        try:
            rows = self._rows(table, quoting="none")
        except pa.ArrowInvalid:
            # Arrow quotes all texts or none, and refuses none when one of them holds a delimiter, quote or line end.
            rows = self._rows(table, quoting="needed")
        self._stream.write(rows)

    def close(self) -> None:
        """Nothing to add."""

    def _rows(self, table: pa.Table, *, quoting: str) -> bytes:
        from pyarrow import csv as arrow_csv

        rows = io.BytesIO()
        options = arrow_csv.WriteOptions(include_header=False, delimiter=self._delimiter, quoting_style=quoting)
        arrow_csv.write_csv(table, rows, options)
        return rows.getvalue()


class JsonLinesWriter:
    """One JSON object a row; a number that is not finite is null."""

    def __init__(self, stream: BinaryIO, schema: pa.Schema) -> None:
        self._stream = stream

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        lines = [
            json.dumps(_finite(row), ensure_ascii=False, default=str, allow_nan=False) for row in table.to_pylist()
        ]
        if lines:
            self._stream.write(("\n".join(lines) + "\n").encode())

    def close(self) -> None:
        """Nothing to add."""


class ParquetWriter:
    """Parquet, a row group a chunk."""

    def __init__(self, stream: BinaryIO, schema: pa.Schema) -> None:
        from pyarrow import parquet

        self._writer = parquet.ParquetWriter(stream, schema)

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        self._writer.write_table(table)

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(cell, float) and not math.isfinite(cell) else cell for key, cell in row.items()}


def output_format(path: Path) -> str:
    """The format that the suffix says.

    Raises:
        DataError: An unknown suffix.
    """
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise DataError(
            Problem(
                f"the output {str(path)!r} has the suffix {path.suffix!r}",
                hint=f"use one of {', '.join(FORMATS)}",
                rule="unknown-format",
            )
        )
    return found


def write_stream(stream: BinaryIO, schema: pa.Schema, *, format: str) -> TableWriter:
    """A writer onto an open stream; `format` is a value of `FORMATS`."""
    match format:
        case "csv":
            return DelimitedWriter(stream, schema, ",")
        case "tsv":
            return DelimitedWriter(stream, schema, "\t")
        case "jsonl":
            return JsonLinesWriter(stream, schema)
        case _:
            return ParquetWriter(stream, schema)


@contextlib.contextmanager
def write_file(path: Path) -> Iterator[BinaryIO]:
    """An open temporary file beside `path` that takes its name when the block ends well, and vanishes when it does not.

    Raises:
        DataError: The directory does not exist or cannot be written, `path` is a directory, or the disk is full.
    """
    if path.is_dir():
        raise DataError(Problem(f"cannot write {path}: it is a directory", hint="name a file", rule="not-writable"))
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise DataError(
            Problem(
                f"cannot write {path}: {error.strerror or error}", hint="choose another --output", rule="not-writable"
            )
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
