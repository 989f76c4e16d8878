"""CSV and its kin: any delimiter and encoding, gzipped or not, read block by block."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Generator, Iterator, Mapping

import pyarrow as pa
import pyarrow.csv as pacsv

from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.access import about_lines, check_readable, unreadable
from dlcli.data.sources.delimited.blanks import output_delimiter
from dlcli.data.sources.delimited.faults import find_faults, line_of_row, swallowed_rows, unclosed_quote
from dlcli.data.sources.delimited.header import DelimitedHeader, delimited_header
from dlcli.data.sources.delimited.narrowing import Narrowing, NotRegular
from dlcli.data.sources.delimited.numeral_cells import plain_cells
from dlcli.data.sources.delimited.stream import CleanStream, can_be_narrowed
from dlcli.data.sources.source import FileSource
from dlcli.data.values.codes import CodeSeeker
from dlcli.data.values.conversion import CellFault, is_number_text
from dlcli.data.values.typed import typed_chunk
from dlcli.errors import DataError, Problem
from dlcli.files.remembered import Remembered

__all__ = ["DelimitedFile"]

BLOCK_BYTES = 4 << 20
"""Bytes that are parsed at a time; also the longest row that can be read."""

GATHERED_BYTES = 2 << 20
"""Bytes of cells that are handed on at a time, of a file that is read in smaller pieces."""

_NUMBERS = ("number", "unsure")

_LOOKS = Remembered[tuple[ColumnInfo, ...]](most=2**18, weight=lambda columns: 1 + len(columns))
"""Columns that are kept of the files that this process has looked at."""

NARROW = 0.25
"""Part of the columns up to which these are cut out of the text before it is taken apart."""

NUMBERS = 0.9
"""Part of the cells in the first block that must be numbers for a column to be read as numbers. The others are then
faults that are shown, not a reason to take a column with a slip of the pen for one of a thousand categories."""


@dataclasses.dataclass(frozen=True)
class DelimitedFile(FileSource):
    """One file of delimited text."""

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """Names from the header, kinds from the first block: `chunks` says where the rest proves it wrong."""
        check_readable(self.path)
        if self.options.sightings is not None:  # who wants to be told of the cells is not content with what is known
            return self._look()
        return _LOOKS.of(self.path, self.options, self._look)

    def _look(self) -> tuple[ColumnInfo, ...]:
        header = self._header
        named = [name for name in header.names if name]
        try:
            with contextlib.closing(self._read(header, dict.fromkeys(named, pa.string()))) as batches:
                first = next(batches, None)
        except pa.ArrowInvalid as error:
            raise self._unreadable(header, str(error)) from None
        missing = self.options.missing_values
        numbers = set()
        for name in named:
            if first is None:
                break
            cells = plain_cells(first.column(name), header.numerals, missing=missing, certain=False)
            if is_number_text(cells, share=NUMBERS, missing=missing):
                numbers.add(name)
        return tuple(ColumnInfo(name, "number" if name in numbers else "text") for name in header.names)

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Typed rows. Numbers are parsed as such; when a block holds anything else, the file is read again as text
        from that block on, so that blanks are forgiven and faults are named with their row."""
        header = self._header
        fast = pa.float64() if not header.numerals.thousands else pa.string()
        forms = self.options.forms
        written = {name for name, kind in kinds.items() if kind in _NUMBERS and forms.of(name) is None}
        types = {name: fast if name in written else pa.string() for name in kinds}
        if not header.numerals.plain:
            written |= {info.name for info in self.columns() if info.kind == "number"}
        seeker = CodeSeeker(output_delimiter(header.dialect.delimiter)) if "unsure" in kinds.values() else None
        narrow = seeker is None and self._may_be_narrowed(header, types)
        done = 0
        while True:
            start = 0
            try:
                for batch in self._gathered(self._read(header, types, seeker, narrow=narrow)):
                    if seeker is not None and seeker.found:
                        # A number would lose its zeros: from here on the columns that may be none are read as texts.
                        unsure = {name: pa.string() for name, kind in kinds.items() if kind == "unsure"}
                        types, seeker = {**types, **unsure}, None
                        break
                    end = start + batch.num_rows
                    if end > done:
                        batch = batch.slice(max(done - start, 0))
                        yield self._chunk(batch, kinds, header, written, start=max(done, start))
                        done = end
                    start = end
                else:
                    return
            except NotRegular:
                narrow = False
            except pa.ArrowInvalid as error:
                if pa.float64() not in types.values():
                    raise self._unreadable(header, str(error)) from None
                types = dict.fromkeys(types, pa.string())

    def _may_be_narrowed(self, header: DelimitedHeader, types: Mapping[str, pa.DataType]) -> bool:
        """Whether it is less work to cut the wanted columns out of the text first: of a look at few of many columns.

        Who is told of the cells is told of all.
        """
        few = 0 < len(types) <= len(header.names) * NARROW
        look = self.options.piece is not None and self.options.sightings is None
        return few and look and can_be_narrowed(header.dialect)

    def doubts(self) -> tuple[Problem, ...]:
        """Those about its first rows."""
        return self._header.doubts

    def about_rows(self) -> int | None:
        """About as many as there are lines."""
        return about_lines(self.path)

    @property
    def _header(self) -> DelimitedHeader:
        return delimited_header(self.path, self.options)

    def _chunk(
        self,
        batch: pa.RecordBatch,
        kinds: Mapping[str, Kind],
        header: DelimitedHeader,
        written: set[str],
        *,
        start: int,
    ) -> Chunk:
        """Typed rows; `written` are the columns whose numbers are written as the file writes numbers."""
        arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
        if not header.numerals.plain:
            arrays = self._plain(arrays, kinds, header, written, start=start)
        chunk = typed_chunk(
            arrays,
            kinds,
            missing=self.options.missing_values,
            forms=self.options.forms,
            num_rows=batch.num_rows,
            start=start,
            file=self.path,
            folders=self.options.folders(self.path),
            line_of=lambda row: line_of_row(self.path, header, row),
        )
        if header.numerals.plain:
            return chunk

        def plain(name: str, values: pa.Array, kind: Kind) -> pa.Array:
            return self._plain({name: values}, {name: kind}, header, written, start=start)[name]

        return dataclasses.replace(chunk, plain=plain)

    def _plain(
        self,
        arrays: Mapping[str, pa.Array],
        kinds: Mapping[str, Kind],
        header: DelimitedHeader,
        written: set[str],
        *,
        start: int,
    ) -> dict[str, pa.Array]:
        """Columns that are texts still, with the numbers in them written plainly; but not those that are copied."""
        found = dict(arrays)
        problems = []
        for name, values in arrays.items():
            if name in written and kinds[name] != "exact" and pa.types.is_string(values.type):
                try:
                    found[name] = plain_cells(values, header.numerals, missing=self.options.missing_values)
                except CellFault as fault:
                    row = start + fault.index + 1
                    line = line_of_row(self.path, header, row)
                    problems.append(fault.problem(name, row=row).at(self.path, line))
        if problems:
            raise DataError(problems)
        return found

    def _read(
        self,
        header: DelimitedHeader,
        types: Mapping[str, pa.DataType],
        seeker: CodeSeeker | None = None,
        *,
        narrow: bool = False,
    ) -> Generator[pa.RecordBatch, None, None]:
        # A header alone, without a line end, is an error to pyarrow; without rows there is nothing to parse.
        if not header.has_rows:
            return
        dialect = header.dialect
        names = _unique(header.names)
        kept = [place for place, name in enumerate(names) if name in types or not narrow]
        read = pacsv.ReadOptions(
            block_size=BLOCK_BYTES,
            skip_rows_after_names=int(header.has_header),
            column_names=[names[place] for place in kept],
        )
        delimiter = output_delimiter(dialect.delimiter)
        # A line of a single column that has nothing in it is a cell without a value, where others were cut away.
        parse = pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=not narrow)
        convert = pacsv.ConvertOptions(
            column_types=dict(types),
            include_columns=list(types) or names[:1],
            null_values=list(self.options.missing_values),
            strings_can_be_null=False,  # which texts are empty, `convert` decides column by column
            decimal_point=header.numerals.decimal,
        )
        rows = 0
        watch = self._watch(delimiter, seeker)
        narrowing = Narrowing(delimiter, len(names), kept) if narrow else None
        with CleanStream(self.path, dialect, watch=watch, piece=self.options.piece, narrowing=narrowing) as stream:
            try:
                for batch in pacsv.open_csv(stream, read_options=read, parse_options=parse, convert_options=convert):
                    rows += batch.num_rows
                    yield batch
            except UnicodeDecodeError:
                raise DataError(find_faults(self.path, header)) from None
            except OSError as error:
                raise unreadable(self.path, error) from None
            if stream.quotes % 2 and (problem := unclosed_quote(self.path, header)):
                raise DataError(problem)
            # Lines without a row of their own are in quotes, or empty.
            more = stream.lines > rows + header.has_header
            if stream.quotes and more and (problem := swallowed_rows(self.path, header)):
                raise DataError(problem)

    def _gathered(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Several batches at once, where a file is read in small pieces: what is done with a batch takes longer than
        doing it with its cells."""
        if self.options.piece is None:
            yield from batches
            return
        held: list[pa.RecordBatch] = []
        size = 0
        for batch in batches:
            held.append(batch)
            size += batch.nbytes
            if size >= GATHERED_BYTES:
                yield _joined(held)
                held, size = [], 0
        if held:
            yield _joined(held)

    def _watch(self, delimiter: str, seeker: CodeSeeker | None) -> tuple[Callable[[bytes], None], ...]:
        """What looks at the bytes going by: for the marks of empty cells, for codes, if anybody asks for them."""
        sightings = self.options.sightings
        marks = () if sightings is None else (functools.partial(sightings.see_text, delimiter=delimiter),)
        return (*marks, *(() if seeker is None else (seeker.look,)))

    def _unreadable(self, header: DelimitedHeader, reason: str) -> DataError:
        """What is wrong with a file that pyarrow refuses: row by row where a second look finds it."""
        if problems := find_faults(self.path, header):
            return DataError(problems)
        if "straddl" in reason:
            reason = f"a row is longer than {BLOCK_BYTES >> 20} MiB; is a quote left open?"
        return DataError(Problem(f"'{self.name}' cannot be read: {reason}", file=self.path, rule="unreadable-file"))


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    joined: pa.RecordBatch = pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
    return joined


def _unique(names: tuple[str, ...]) -> list[str]:
    """Names for pyarrow, which needs one for every column: those without get one that no header can hold."""
    return [name or f"\n{place}" for place, name in enumerate(names)]
