"""Tables of predictions, written chunk by chunk: CSV, TSV, JSON lines, Parquet, arrays."""

from __future__ import annotations

import contextlib
import json
import math
import tempfile
import zipfile
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlcli.data.columns.arrays import texts_array
from dlcli.data.columns.names import is_text
from dlcli.errors import DataError, Problem
from dlcli.prediction.formulas import neutralise
from dlcli.prediction.lists import as_array, as_json, is_list, plain_lists

__all__ = ["ArraysWriter", "DelimitedWriter", "JsonLinesWriter", "ParquetWriter", "TableWriter"]


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
        names = texts_array(schema.names)
        if not raw_text:
            names = neutralise(names)
        self._stream, self._delimiter, self._raw_text = stream, delimiter, raw_text
        stream.write(self._lines([names.slice(place, 1) for place in range(len(names))]))

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        for place, column in enumerate(table.itercolumns()):
            if is_list(column.type):
                table = table.set_column(place, table.field(place).name, as_json(column))
        if not self._raw_text:
            for place, column in enumerate(table.itercolumns()):
                if is_text(column.type):
                    table = table.set_column(place, table.field(place), neutralise(column))
        alone = table.num_columns == 1 and table.num_rows and _has_nothing(table.column(0))
        try:
            rows = (
                self._lines([column.combine_chunks() for column in table.itercolumns()])
                if alone
                else self._plain(table)
            )
        except pa.ArrowInvalid:
            # Arrow quotes all texts or none, and refuses none when one of them holds a delimiter, quote or line end.
            rows = self._lines([column.combine_chunks() for column in table.itercolumns()])
        self._stream.write(rows)

    def close(self) -> None:
        """Nothing to add."""

    def _plain(self, table: pa.Table) -> memoryview:
        """Rows of which no cell needs quotes; others are refused."""
        from pyarrow import csv as arrow_csv

        rows = pa.BufferOutputStream()
        options = arrow_csv.WriteOptions(include_header=False, delimiter=self._delimiter, quoting_style="none")
        arrow_csv.write_csv(table, rows, options)
        return memoryview(rows.getvalue())

    def _lines(self, columns: Sequence[pa.Array]) -> memoryview:
        """Rows in which the cells are quoted that need it, and no others."""
        quote, twice, delimiter, end, nothing = texts_array(['"', '""', self._delimiter, "\n", ""], pa.large_string())
        special = f'["\r\n{self._delimiter}]'
        cells = []
        for column in columns:
            texts = column.cast(pa.large_string())
            if is_text(column.type) and pc.any(needed := pc.match_substring_regex(texts, special)).as_py():
                doubled = pc.replace_substring(texts, quote.as_py(), twice.as_py())
                texts = pc.if_else(needed, pc.binary_join_element_wise(quote, doubled, quote, nothing), texts)
            cells.append(texts)
        if len(cells) == 1:  # an empty line would be taken for no row
            nothing_there = pc.equal(pc.fill_null(cells[0], nothing), nothing)
            cells = [pc.if_else(nothing_there, twice, cells[0])]
        rows = pc.binary_join_element_wise(*cells, delimiter, null_handling="replace", null_replacement="")
        lines = pc.binary_join_element_wise(rows, end, nothing)
        return memoryview(lines.buffers()[2])[: pc.sum(pc.binary_length(lines)).as_py()]


def _has_nothing(column: pa.ChunkedArray) -> bool:
    """Whether a cell would be written as nothing."""
    empty = is_text(column.type) and pc.any(pc.equal(pc.cast(column, pa.large_string()), "")).as_py()
    return bool(column.null_count or empty)


class JsonLinesWriter:
    """One JSON object a row; a number that is not finite is null."""

    def __init__(self, stream: BinaryIO, schema: pa.Schema) -> None:
        self._stream = stream

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        for place, column in enumerate(table.itercolumns()):
            if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
                # The digits that tell its numbers apart, and not those of the nearest float64.
                table = table.set_column(place, table.field(place).name, column.cast(pa.string()).cast(pa.float64()))
        lists = {name: plain_lists(table[name]) for name in table.column_names if is_list(table[name].type)}
        rows = table.drop_columns(list(lists)).to_pylist() if len(lists) < table.num_columns else [{}] * table.num_rows
        lines = [
            json.dumps(
                {name: lists[name][place] if name in lists else row[name] for name in table.column_names},
                ensure_ascii=False,
                default=str,
                allow_nan=False,
            )
            for place, row in enumerate(map(_finite, rows))
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


class ArraysWriter:
    """A NumPy archive (`.npz`): an array for each column, which needs the number of rows first.

    What comes is kept in a temporary file for each column meanwhile.
    """

    def __init__(self, stream: BinaryIO, schema: pa.Schema) -> None:
        self._stream = stream
        self._parts: dict[str, list[tuple[int, ...]]] = {name: [] for name in schema.names}
        self._dtypes: dict[str, list[np.dtype[Any]]] = {name: [] for name in schema.names}
        self._kept = contextlib.ExitStack()
        self._files: dict[str, Any] = {}
        for name in schema.names:
            self._files[name] = self._kept.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with the stack

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        for name, file in self._files.items():
            array = np.ascontiguousarray(as_array(table[name]))
            self._parts[name].append(array.shape)
            self._dtypes[name].append(array.dtype)
            file.write(array.tobytes())

    def close(self) -> None:
        """Write the archive."""
        with self._kept, zipfile.ZipFile(_Counted(self._stream), "w", zipfile.ZIP_STORED) as archive:
            for name in self._files:
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    self._copy(name, member)

    def _copy(self, name: str, member: Any) -> None:
        shapes, dtypes = self._parts[name], self._dtypes[name]
        dtype = np.result_type(*dtypes)
        shape = (sum(one[0] for one in shapes), *shapes[0][1:])
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(member, header)
        file = self._files[name]
        file.seek(0)
        for one, own in zip(shapes, dtypes, strict=True):
            part = np.frombuffer(file.read(math.prod(one) * own.itemsize), own)
            member.write(part.astype(dtype).tobytes())


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
