"""Parquet files, read by batches of rows and only the wanted columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.access import check_readable, unreadable
from dlcli.data.sources.source import FileSource
from dlcli.data.values.conversion import kind_of
from dlcli.data.values.typed import typed_chunk
from dlcli.errors import DataError, Problem

__all__ = ["ParquetFile"]

BATCH_ROWS = 32_768


@dataclasses.dataclass(frozen=True)
class ParquetFile(FileSource):
    """One Parquet file."""

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """Names and kinds from the schema."""
        check_readable(self.path)
        with self._open() as file:
            schema = file.schema_arrow
        repeated = sorted({name for name in schema.names if schema.names.count(name) > 1})
        if repeated:
            raise DataError(
                Problem(
                    f"column names stand more than once: {', '.join(map(repr, repeated))}",
                    hint="every column needs a name of its own",
                    file=self.path,
                    rule="duplicate-column",
                )
            )
        return tuple(ColumnInfo(field.name, kind_of(field.type), dtype=str(field.type)) for field in schema)

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Typed rows."""
        start = 0
        with self._open() as file:
            try:
                for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(kinds)):
                    arrays = {name: batch.column(name) for name in kinds}
                    yield typed_chunk(
                        arrays,
                        kinds,
                        missing=self.options.missing_values,
                        forms=self.options.forms,
                        sightings=self.options.sightings,
                        num_rows=batch.num_rows,
                        start=start,
                        file=self.path,
                        folders=self.options.folders(self.path),
                    )
                    start += batch.num_rows
            except (pa.ArrowInvalid, OSError) as error:
                raise self._damaged(error) from None

    def about_rows(self) -> int | None:
        """Exactly, as the footer says."""
        try:
            with pq.ParquetFile(self.path) as file:
                return int(file.metadata.num_rows)
        except (pa.ArrowInvalid, OSError):
            return None

    def _open(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> DataError:
        if isinstance(error, OSError) and error.errno:
            return unreadable(self.path, error)
        reason = str(error).splitlines()[0]
        return DataError(
            Problem(
                f"'{self.name}' is no readable Parquet file: {reason}",
                hint="the file is damaged, cut short or of another format; write or copy it again",
                file=self.path,
                rule="damaged-file",
            )
        )
