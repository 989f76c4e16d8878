"""Files of predictions, written chunk by chunk: CSV, TSV, JSON lines, Parquet; each appears whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

import pyarrow as pa

from dlcli.data.arrays import texts_array
from dlcli.errors import DataError, Problem
from dlcli.inference.formulas import neutralise

__all__ = [
    "FORMATS",
    "OutputFormat",
    "TableWriter",
    "output_format",
    "write_file",
    "write_standard_output",
    "write_stream",
]

OutputFormat = Literal["csv", "tsv", "jsonl", "parquet"]

FORMATS: dict[str, OutputFormat] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
"""The format of an output file by its suffix."""


class TableWriter(Protocol):
    """Takes tables of one schema, one after the other."""

    def write(self, table: pa.Table) -> None:
        """Append rows."""

    def close(self) -> None:
        """Write what the format wants at its end."""


class DelimitedWriter:
    """CSV or TSV; cells are quoted where they must be.

    Args:
        stream: Where the bytes go.
        schema: The columns.
        delimiter: Between the cells.
        raw_text: Write texts as they are, those included that a spreadsheet would run as formulas.
    """

    def __init__(self, stream: BinaryIO, schema: pa.Schema, delimiter: str, *, raw_text: bool) -> None:
        names = schema.names if raw_text else neutralise(texts_array(schema.names)).to_pylist()
        header = io.StringIO()
        csv.writer(header, delimiter=delimiter, lineterminator="\n").writerow(names)
        stream.write(header.getvalue().encode())
        self._stream, self._delimiter, self._raw_text = stream, delimiter, raw_text

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        if not self._raw_text:
            for place, column in enumerate(table.itercolumns()):
                if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                    table = table.set_column(place, table.field(place), neutralise(column))
        try:
            rows = self._rows(table, quoting="none")
        except pa.ArrowInvalid:
            # Arrow quotes all texts or none, and refuses none when one of them holds a delimiter, quote or line end.
            rows = self._rows(table, quoting="needed")
        self._stream.write(rows)

    def close(self) -> None:
        """Nothing to add."""

    def _rows(self, table: pa.Table, *, quoting: str) -> memoryview:
        from pyarrow import csv as arrow_csv

        rows = pa.BufferOutputStream()
        options = arrow_csv.WriteOptions(include_header=False, delimiter=self._delimiter, quoting_style=quoting)
        arrow_csv.write_csv(table, rows, options)
        return memoryview(rows.getvalue())


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

        self._schema = schema
        self._writer = parquet.ParquetWriter(_Counted(stream), schema)

    def write(self, table: pa.Table) -> None:
        """Append rows.

        Raises:
            DataError: A kept column is of another type than in the first rows.
        """
        try:
            self._writer.write_table(table if table.schema == self._schema else table.cast(self._schema))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            pairs = zip(self._schema, table.schema, strict=True)
            mixed = ", ".join(repr(one.name) for one, other in pairs if one.type != other.type)
            message = f"column {mixed} of the input does not hold one type, and a column of Parquet does: {error}"
            hint = "do not keep it, or write .jsonl or .csv"
            raise DataError(Problem(message, hint=hint, rule="mixed-column")) from None

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


class _Counted:
    """A stream that knows its place, which a pipe does not, and the Parquet writer asks for."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._place = stream, 0
        self.closed = False

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._stream.write(view)
        self._place += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self._place

    def flush(self) -> None:
        self._stream.flush()

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(cell, float) and not math.isfinite(cell) else cell for key, cell in row.items()}


def output_format(path: Path) -> OutputFormat:
    """The format that the suffix says.

    Raises:
        DataError: An unknown suffix.
    """
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise DataError(
            Problem(
                f"the output {str(path)!r} has the suffix {path.suffix!r}",
                hint=f"use one of {', '.join(FORMATS)}, or say --format",
                rule="unknown-format",
            )
        )
    return found


def write_stream(stream: BinaryIO, schema: pa.Schema, *, format: OutputFormat, raw_text: bool = False) -> TableWriter:
    """A writer onto an open stream.

    Args:
        stream: Where the bytes go.
        schema: The columns.
        format: The format.
        raw_text: See `DelimitedWriter`.
    """
    match format:
        case "csv":
            return DelimitedWriter(stream, schema, ",", raw_text=raw_text)
        case "tsv":
            return DelimitedWriter(stream, schema, "\t", raw_text=raw_text)
        case "jsonl":
            return JsonLinesWriter(stream, schema)
        case "parquet":
            return ParquetWriter(stream, schema)


@contextlib.contextmanager
def write_file(path: Path) -> Iterator[BinaryIO]:
    """An open temporary file beside `path` that takes its name when the block ends well, and vanishes when it does not.

    A device or a named pipe, which cannot be replaced, is written as it is.

    Raises:
        DataError: The directory does not exist or cannot be written, `path` is a directory, or the disk is full.
    """
    if path.is_dir():
        raise DataError(Problem(f"cannot write {path}: it is a directory", hint="name a file", rule="not-writable"))
    temporary = None
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                yield stream
            return
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _not_writable(str(path), error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)


@contextlib.contextmanager
def write_standard_output() -> Iterator[BinaryIO]:
    """Standard output, flushed at the end.

    Raises:
        DataError: It cannot be written: it goes to a file on a full disk.
        BrokenPipeError: Nobody reads it any more.
    """
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # Python flushes once more when it ends, and would complain of the same.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise _not_writable("standard output", error) from error


def _not_writable(name: str, error: OSError) -> DataError:
    message = f"cannot write {name}: {error.strerror or error}"
    return DataError(Problem(message, hint="choose another --output", rule="not-writable"))
