"""New data for a trained model, from files or a table in memory: the needed columns, in bounded memory."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.options.sources import FileColumns, KerasData
from dlcli.config.options.sources import Source as Said
from dlcli.config.schema import DataConfig
from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.columns.codec import Codec, OpensFiles
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.preprocessing.preprocessing import Preprocessing, unusable_rows
from dlcli.data.samples.arrays import ArraySamples
from dlcli.data.samples.encoding import encode_chunk, rows_at_once
from dlcli.data.samples.samples import Taken
from dlcli.data.sources.format import Format
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import Reading, TableOptions
from dlcli.data.sources.source import Source
from dlcli.data.table.checks import weight_problems
from dlcli.data.table.rows import Rows
from dlcli.data.table.table import missing_columns
from dlcli.data.table.targetless import droppable_columns, fill_targets, targetless
from dlcli.data.values.number_forms import USUAL, NumberForms
from dlcli.data.values.typed import typed_chunk
from dlcli.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Input", "InputRows", "NewFiles", "labelled_parts", "open_input", "open_labelled", "weights_of"]


@dataclasses.dataclass(frozen=True)
class NewFiles:
    """What is known of the files of new rows.

    Args:
        reading: How those of text are to be read.
        like: How the training's files were read; None when that is not known.
        columns: The columns of the training's files in their order; none when that is not known.
        format: Their format; by their names when None.
        directory: Where the files lie that cells name; beside the table when None.
    """

    reading: Reading = dataclasses.field(default_factory=Reading)
    like: Reading | None = None
    columns: tuple[str, ...] = ()
    format: Format | None = None
    directory: Path | None = None


@dataclasses.dataclass(frozen=True)
class InputRows:
    """Consecutive rows of new data.

    Args:
        chunk: The columns that the codecs read.
        kept: The columns to copy, in their order, as they are written.
    """

    chunk: Chunk
    kept: dict[str, pa.Array]


@dataclasses.dataclass(frozen=True)
class Input:
    """Rows that a trained model is to be applied to.

    Args:
        source: Where they come from.
        available: All columns that the source has.
        kinds: The columns that the codecs read, and how.
        kept: The columns to copy.
        missing: Texts that count as empty.
        doubts: What looks as if the source were meant otherwise than it is read.
    """

    source: Source
    available: tuple[str, ...]
    kinds: Mapping[str, Kind]
    kept: tuple[str, ...] = ()
    missing: tuple[str, ...] = ("",)
    doubts: tuple[Problem, ...] = ()
    most: int = sys.maxsize
    """Rows to give at once: few where each becomes large."""
    series: tuple[str, ...] = ()
    """The columns that name the series of a row."""
    forms: NumberForms = USUAL
    """How the numbers of some columns are written."""

    def rows(self) -> Iterator[InputRows]:
        """The rows in their order, chunk by chunk; may be none.

        Raises:
            DataError: Cells that are not what their column is read as, damaged files.
        """
        exact: dict[str, Kind] = dict.fromkeys(self.kept, "exact")
        both = {name: kind for name, kind in self.kinds.items() if name in exact}
        for chunk in self.source.chunks({**self.kinds, **exact}):
            kept = {name: as_arrow(chunk.columns[name]) for name in self.kept}
            if both:
                written = {name: kept[name] for name in both}
                if chunk.plain is not None:
                    written = {name: chunk.plain(name, cells, both[name]) for name, cells in written.items()}
                typed = typed_chunk(
                    written,
                    both,
                    missing=self.missing,
                    forms=self.forms,
                    num_rows=chunk.num_rows,
                    start=chunk.start,
                    file=chunk.file,
                )
                chunk = dataclasses.replace(chunk, columns={**chunk.columns, **typed.columns})
            for start in range(0, max(chunk.num_rows, 1), self.most):
                part = {name: cells.slice(start, self.most) for name, cells in kept.items()}
                yield InputRows(chunk.cut(start, self.most), part)


def open_input(
    data: Said | Sequence[str | Path] | pd.DataFrame | pa.Table,
    config: DataConfig,
    preprocessing: Preprocessing,
    *,
    keep: Sequence[str] | None = (),
    with_targets: bool = False,
    files: NewFiles = NewFiles(),
) -> Input:
    """Open data that a trained model is to be applied to. Other columns and any order of them are welcome.

    Args:
        data: Paths and globs or another form of source, a DataFrame or an arrow table.
        config: The `data` section of the run, for how text files are to be read.
        preprocessing: As fitted in training.
        keep: Columns to copy, each exactly as it is written; None for all that hold one value a row.
        with_targets: The targets are needed as well.
        files: How files are to be read.

    Raises:
        DataError: Missing files, missing columns (all of them), or a source that cannot be read.
    """
    source: Source
    options = _options(config, preprocessing, files)
    kinds: dict[str, Kind] = {}
    of_windows = _of_windows(config)
    codecs = [*preprocessing.features.values(), *(preprocessing.targets.values() if with_targets else ())]
    for codec in codecs:
        for column in codec.columns:
            kind: Kind = codec.reads
            kinds[column] = kind if kinds.setdefault(column, kind) == kind else "text"
    if isinstance(data, (list, tuple)):
        opened = tuple(dict.fromkeys(column for codec in codecs for column in _named_files(codec)))
        source = open_source([str(path) for path in data], options, path="", format=files.format, opened=opened)
    elif isinstance(data, (dict, FileColumns, KerasData)):
        source = open_source(data, options, path="")
    else:
        from dlcli.data.sources.frame import from_frame

        source = from_frame(data, options, wanted=dict.fromkeys(of_windows, "text") | kinds)
    infos = _columns(source, None if keep is None else [*kinds, *of_windows, *keep])
    problems = missing_columns({**kinds, **dict.fromkeys(of_windows)}, infos, path="", what=source.name)
    for column in of_windows:
        kind = "text" if column in _series(config) or column not in infos else infos[column].kind or "text"
        kinds[column] = kind if kinds.setdefault(column, kind) == kind else "text"
    if config.windows is not None and not with_targets:
        # What is forecast may be there: it ends the past.
        targets = {column: codec.reads for codec in preprocessing.targets.values() for column in codec.columns}
        kinds = {**{column: kind for column, kind in targets.items() if column in infos}, **kinds}
    problems += missing_columns([name for name in keep or () if name not in kinds], infos, path="", what=source.name)
    single = [name for name, info in infos.items() if info.kind is not None and not info.shape]
    problems += [
        Problem(
            f"the column {name!r} holds several values a row and cannot be kept",
            hint="leave it out, or flatten it",
            rule="nested-column",
        )
        for name in keep or ()
        if name in infos and name not in single
    ]
    if problems:
        raise DataError(problems)
    kept = single if keep is None else keep or source.names_rows
    return Input(
        source,
        tuple(infos),
        kinds,
        tuple(dict.fromkeys([*of_windows, *kept])),
        options.missing_values,
        source.doubts(),
        rows_at_once(preprocessing),
        _series(config),
        options.forms,
    )


def _series(config: DataConfig) -> tuple[str, ...]:
    return () if config.windows is None else tuple(config.windows.series or ())


def _of_windows(config: DataConfig) -> tuple[str, ...]:
    """The columns that put the rows of windows into order."""
    time = None if config.windows is None else config.windows.time
    return _series(config) if time is None else (*_series(config), time)


def _named_files(codec: Codec | TargetCodec) -> tuple[str, ...]:
    """The columns whose cells name files that a codec opens."""
    columns = codec.columns if codec.reads == "text" else ()
    return columns if isinstance(codec, OpensFiles) else ()


def _options(config: DataConfig, preprocessing: Preprocessing, files: NewFiles) -> TableOptions:
    """How new files are read, by what is said of them and what is known of those of the training."""
    features = dict.fromkeys(column for codec in preprocessing.features.values() for column in codec.columns)
    targets = {column for codec in preprocessing.targets.values() for column in codec.columns} - features.keys()
    named = {
        column for codec in preprocessing.features.values() if isinstance(codec, OpensFiles) for column in codec.columns
    }
    options = TableOptions.of(config).for_new_rows(
        files.reading, like=files.like, features=tuple(features), columns=files.columns, targets=targets, files=named
    )
    return options if files.directory is None else dataclasses.replace(options, beside=files.directory)


def _columns(source: Source, wanted: Sequence[str] | None) -> dict[str, ColumnInfo]:
    """The columns of a source; where its first rows lack one that is wanted, or all are, those of all rows."""
    infos = {info.name: info for info in source.columns(whole=wanted is None) if info.name}
    if wanted is not None and not infos.keys() >= set(wanted):
        infos = {info.name: info for info in source.columns(whole=True) if info.name}
    return infos


def open_labelled(
    data: Said | Sequence[str | Path] | pd.DataFrame | pa.Table,
    config: DataConfig,
    preprocessing: Preprocessing,
    *,
    files: NewFiles = NewFiles(),
    warn: Callable[[Problem], None] = lambda problem: None,
) -> Input:
    """Open new data that holds the targets, and the weights of rows where they have some.

    Raises:
        DataError: As `open_input`.
    """
    opened = open_input(data, config, preprocessing, with_targets=True, files=files)
    for doubt in opened.doubts:
        warn(doubt)
    weighted = config.sample_weight
    if weighted is None:
        return opened
    if weighted not in opened.available:
        message = f"'{opened.source.name}' has no column '{weighted}', which holds the weights of this model's rows"
        raise DataError(Problem(message, hint="add it, with 1 where a row counts once", rule="missing-column"))
    return dataclasses.replace(opened, kinds={**opened.kinds, weighted: "number"})


def labelled_parts(
    data: Said | Sequence[str | Path] | pd.DataFrame | pa.Table,
    config: DataConfig,
    preprocessing: Preprocessing,
    *,
    named: Collection[str] = (),
    files: NewFiles = NewFiles(),
    warn: Callable[[Problem], None] = lambda problem: None,
) -> Iterator[ArraySamples]:
    """Read and encode new data that holds the targets, chunk by chunk, to evaluate a trained model on.

    Raises:
        DataError: As `open_input`, or no rows, or targets that are missing or no class that the model knows.
    """
    opened = open_labelled(data, config, preprocessing, files=files, warn=warn)
    gaps = droppable_columns(config.target, {name: codec.columns for name, codec in preprocessing.targets.items()})
    rows = left = bad = 0
    faults: list[Problem] = []
    for part in opened.rows():
        unusable, why = unusable_rows(preprocessing.features, part.chunk)
        faults += why[: 1 - len(faults)]
        usable = np.flatnonzero(~unusable)
        chunk = part.chunk if not unusable.any() else part.chunk.only(usable)
        kept = np.flatnonzero(~targetless(chunk, gaps))
        numbers = rows + usable[kept]
        rows += part.chunk.num_rows
        bad += len(unusable) - len(usable)
        left += len(kept)
        if len(kept) and (whole := fill_targets(chunk, gaps)) is not None:
            inputs, targets = encode_chunk(preprocessing, whole, named)
            held = Taken(inputs, targets, weights_of(chunk, config.sample_weight))
            if len(kept) < chunk.num_rows:
                held = ArraySamples(held, np.arange(chunk.num_rows)).take(kept)
            yield ArraySamples(held, numbers)
    if bad:
        message = f"{bad:,} of {rows:,} rows cannot be used, and are left out"
        warn(Problem(message, hint="`on_error: skip` of the feature says so", rule=faults[0].rule))
    if left + bad < rows:
        message = f"{rows - bad - left:,} of {rows:,} rows are without a target, and are left out"
        warn(Problem(message, rule="missing-target"))
    if not left:
        raise DataError(Problem(f"'{opened.source.name}' has no rows", hint="add rows", rule="no-rows"))


def weights_of(chunk: Chunk, column: str | None) -> NDArray[np.float32] | None:
    """The weights of rows; None where they have none.

    Raises:
        DataError: Weights that are none.
    """
    if column is None:
        return None
    rows = Rows((chunk,), (column,), np.zeros(1, np.int64), chunk.num_rows)
    weights, problems = weight_problems(rows, column)
    if problems:
        raise DataError(problem.at(chunk.file) for problem in problems)
    return weights
