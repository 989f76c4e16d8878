"""A pandas DataFrame or pyarrow Table as a source, for the Python API."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.options import TableOptions, Trained
from dlcli.data.sources.source import Source
from dlcli.data.values.conversion import kind_of
from dlcli.data.values.scalars import scalars_array
from dlcli.data.values.typed import typed_chunk
from dlcli.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrameSource", "from_frame"]

BATCH_ROWS = 32_768


@dataclasses.dataclass(frozen=True)
class FrameSource(Source):
    """A table in memory."""

    table: pa.Table
    options: TableOptions

    @property
    def name(self) -> str:
        return "the table"

    @property
    def paths(self) -> tuple[Path, ...]:
        return ()

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """Names and kinds from the types."""
        return tuple(ColumnInfo(field.name, kind_of(field.type), dtype=str(field.type)) for field in self.table.schema)

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Typed rows."""
        start = 0
        if not kinds:
            yield Chunk({}, self.table.num_rows)
            return
        for batch in self.table.select(list(kinds)).to_batches(max_chunksize=BATCH_ROWS):
            yield typed_chunk(
                dict(zip(batch.schema.names, batch.columns, strict=True)),
                kinds,
                missing=self.options.missing_values,
                forms=self.options.forms,
                sightings=self.options.sightings,
                num_rows=batch.num_rows,
                start=start,
                file=None,
                folders=self.options.folders(None),
            )
            start += batch.num_rows


def from_frame(frame: pd.DataFrame | pa.Table, options: TableOptions, *, wanted: Collection[str] = ()) -> FrameSource:
    """A source of the frame's rows, in their order; the index is no column.

    Args:
        frame: The table.
        options: How cells are read.
        wanted: Columns that are looked for; a name with blanks around it stands for the one without.

    Raises:
        DataError: Repeated column names, or a column whose values have no one type.
    """
    if isinstance(frame, pa.Table):
        _check_names(frame.column_names)
        return FrameSource(frame.rename_columns(_bare(frame.column_names, wanted)), options)
    names = _headerless(frame, options.trained) or [str(name) for name in frame.columns]
    _check_names(names)
    names = _bare(names, wanted)
    arrays: list[pa.ChunkedArray] = []
    problems: list[Problem] = []
    for place, name in enumerate(names):
        column = frame.iloc[:, place]
        try:
            array = pa.array(column, from_pandas=True)
        except UnicodeEncodeError as error:
            problems.append(_half(name, error))
            continue
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            if (mixed := _mixed(column)) is not None:
                arrays.append(pa.chunked_array([mixed]))
                continue
            problems.append(
                Problem(
                    f"column {name!r} of the DataFrame mixes types: {', '.join(_types(column))}",
                    hint=f"such as frame[{name!r}] = frame[{name!r}].astype(str)",
                    rule="mixed-column",
                )
            )
            continue
        arrays.append(array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array]))
    if problems:
        raise DataError(problems)
    return FrameSource(pa.Table.from_arrays(arrays, names=names), options)


def _half(name: str, error: UnicodeEncodeError) -> Problem:
    """A text that cannot be written in any encoding."""
    half = error.object[error.start].encode("ascii", "backslashreplace").decode()
    return Problem(
        f"column {name!r} of the DataFrame holds half of a character, {half}, that stands alone",
        hint='such as frame[name].map(lambda text: text.encode("utf-8", "replace").decode())',
        rule="wrong-encoding",
    )


def _headerless(frame: pd.DataFrame, trained: Trained | None) -> list[str]:
    """The names of a frame that pandas has numbered, for a model of files without a header; none for others."""
    numbers: list[object] = list(range(frame.shape[1]))
    if trained is None or not trained.headerless or list(frame.columns) != numbers:
        return []
    return next((list(layout) for layout in trained.layouts if len(layout) == frame.shape[1]), [])


def _bare(names: list[str], wanted: Collection[str]) -> list[str]:
    """The names, without the blanks around those that are wanted without: pandas keeps `a, b` as it is written."""
    return [
        bare if name not in wanted and (bare := name.strip()) in wanted and bare not in names else name
        for name in names
    ]


def _mixed(column: pd.Series) -> pa.Array | None:
    """Numbers, booleans and texts in one column, as JSON lines have them; None when it holds anything else."""
    values = [None if value is None or value != value else value for value in column.tolist()]
    plain = all(type(value) in (str, int, float, bool, type(None)) for value in values)
    return scalars_array(values) if plain else None


def _types(column: pd.Series) -> list[str]:
    return sorted({type(value).__name__ for value in column})


def _check_names(names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            Problem(
                f"column names stand more than once: {', '.join(map(repr, repeated))}",
                hint="every column needs a name of its own",
                rule="duplicate-column",
            )
        )
