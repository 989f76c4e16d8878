"""CSV and its kin: any delimiter and encoding, gzipped or not, read block by block."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.csv as pacsv

from dlcli.data.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.codes import CodeSeeker
from dlcli.data.sources.conversion import is_number_text
from dlcli.data.sources.delimited_faults import find_faults, line_of_row, swallowed_rows, unclosed_quote
from dlcli.data.sources.header import DelimitedHeader, delimited_header
from dlcli.data.sources.options import TableOptions, is_gzipped
from dlcli.data.sources.source import typed_chunk
from dlcli.data.sources.text import check_readable, unreadable
from dlcli.errors import DataError, Problem

__all__ = ["DelimitedFile"]

BLOCK_BYTES = 4 << 20
"""Bytes that are parsed at a time; also the longest row that can be read."""

_NUMBERS = ("number", "unsure")

NUMBERS = 0.9
"""Part of the cells in the first block that must be numbers for a column to be read as numbers. The others are then
faults that are shown, not a reason to take a column with a slip of the pen for one of a thousand categories."""


@dataclasses.dataclass(frozen=True)
class DelimitedFile:
    """One file of delimited text."""

    keyed: ClassVar[bool] = False

    path: Path
    options: TableOptions

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """Names from the header, kinds from the first block: `chunks` says where the rest proves it wrong."""
        check_readable(self.path)
        header = delimited_header(self.path, self.options)
        named = [name for name in header.names if name]
        try:
            with contextlib.closing(self._read(header, dict.fromkeys(named, pa.string()))) as batches:
                first = next(batches, None)
        except pa.ArrowInvalid as error:
            raise self._unreadable(header, str(error)) from None
        missing = self.options.missing_values
        numbers = {
            name
            for name in named
            if first is not None and is_number_text(first.column(name), share=NUMBERS, missing=missing)
        }
        return tuple(ColumnInfo(name, "number" if name in numbers else "text") for name in header.names)

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Typed rows. Numbers are parsed as such; when a block holds anything else, the file is read again as text
        from that block on, so that blanks are forgiven and faults are named with their row."""
        header = delimited_header(self.path, self.options)
        types = {name: pa.float64() if kind in _NUMBERS else pa.string() for name, kind in kinds.items()}
        seeker = CodeSeeker(header.delimiter) if "unsure" in kinds.values() else None
        done = 0
        while True:
            start = 0
            try:
                for batch in self._read(header, types, seeker):
                    if seeker is not None and seeker.found:
                        # A number would lose its zeros: from here on the columns that may be none are read as texts.
                        unsure = {name: pa.string() for name, kind in kinds.items() if kind == "unsure"}
                        types, seeker = {**types, **unsure}, None
                        break
                    end = start + batch.num_rows
                    if end > done:
                        batch = batch.slice(max(done - start, 0))
                        yield self._chunk(batch, kinds, start=max(done, start))
                        done = end
                    start = end
                else:
                    return
            except pa.ArrowInvalid as error:
                if pa.float64() not in types.values():
                    raise self._unreadable(header, str(error)) from None
                types = dict.fromkeys(types, pa.string())

    def _chunk(self, batch: pa.RecordBatch, kinds: Mapping[str, Kind], *, start: int) -> Chunk:
        return typed_chunk(
            dict(zip(batch.schema.names, batch.columns, strict=True)),
            kinds,
            missing=self.options.missing_values,
            num_rows=batch.num_rows,
            start=start,
            file=self.path,
            line_of=lambda row: line_of_row(self.path, self.options, row),
        )

    def _read(
        self, header: DelimitedHeader, types: Mapping[str, pa.DataType], seeker: CodeSeeker | None = None
    ) -> Generator[pa.RecordBatch, None, None]:
        # A header alone, without a line end, is an error to pyarrow; without rows there is nothing to parse.
        if not header.has_rows:
            return
        read = pacsv.ReadOptions(
            block_size=BLOCK_BYTES,
            skip_rows=header.blank_lines,
            skip_rows_after_names=int(header.has_header),
            column_names=_unique(header.names),
            encoding=self.options.encoding,
        )
        parse = pacsv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True)
        convert = pacsv.ConvertOptions(
            column_types=dict(types),
            include_columns=list(types) or _unique(header.names)[:1],
            null_values=list(self.options.missing_values),
            strings_can_be_null=False,  # which texts are empty, `convert` decides column by column
        )
        rows = 0
        with _QuoteCounter(self.path, seeker) as stream:
            try:
                for batch in pacsv.open_csv(stream, read_options=read, parse_options=parse, convert_options=convert):
                    rows += batch.num_rows
                    yield batch
            except UnicodeDecodeError:
                raise DataError(find_faults(self.path, self.options, header)) from None
            except OSError as error:
                raise unreadable(self.path, error) from None
            if stream.quotes % 2 and (problem := unclosed_quote(self.path, self.options)):
                raise DataError(problem)
            # Lines without a row of their own are in quotes, or empty.
            before = header.blank_lines + header.has_header
            if stream.quotes and stream.lines > rows + before and (problem := swallowed_rows(self.path, self.options)):
                raise DataError(problem)

    def _unreadable(self, header: DelimitedHeader, reason: str) -> DataError:
        """What is wrong with a file that pyarrow refuses: row by row where a second look finds it."""
        if problems := find_faults(self.path, self.options, header):
            return DataError(problems)
        if "straddl" in reason:
            reason = f"a row is longer than {BLOCK_BYTES >> 20} MiB; is a quote left open?"
        return DataError(Problem(f"'{self.name}' cannot be read: {reason}", file=self.path, rule="unreadable-file"))


class _QuoteCounter:
    """A file for pyarrow to read that counts the quotation marks going by.

    At the end of the file pyarrow takes an open quote as closed, with the rows it swallowed for its text
    (tried with pyarrow 26). An odd number of marks says when a closer look is due, and so do more lines than rows.
    """

    def __init__(self, path: Path, seeker: CodeSeeker | None = None) -> None:
        self._seeker = seeker
        self._stream = pa.input_stream(str(path), compression="gzip" if is_gzipped(path) else None)
        self.quotes = 0
        self.lines = 0
        self.closed = False

    def read(self, size: int = -1) -> Any:
        data = self._stream.read(size)
        self.quotes += data.count(b'"')
        self.lines += data.count(b"\n")
        if self._seeker is not None:
            self._seeker.look(data)
        return data

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        self._stream.close()
        self.closed = True

    def __enter__(self) -> _QuoteCounter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _unique(names: tuple[str, ...]) -> list[str]:
    """Names for pyarrow, which needs one for every column: those without get one that no header can hold."""
    return [name or f"\n{place}" for place, name in enumerate(names)]
