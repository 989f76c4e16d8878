"""The rows that a trained run is applied to: a split of its own data, labelled new data, or input to predict."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from dlcli.config.inspection.sources import read_source
from dlcli.config.options.sources import FileColumns, KerasData
from dlcli.config.signature import SplitName
from dlcli.data.cache.fingerprint import Fingerprint, fingerprint
from dlcli.data.inputs import Input, NewFiles, labelled_parts, open_input, open_labelled
from dlcli.data.sources.format import Format
from dlcli.data.sources.options import Reading
from dlcli.data.window_inputs import labelled_windows
from dlcli.data.written_rows import written_rows
from dlcli.errors import DataError, Problem, RunError
from dlcli.trained.recorded_files import recorded_files
from dlcli.trained.run import TrainedRun, Warn

if TYPE_CHECKING:
    import pandas as pd

    from dlcli.data.cache.cache import Cache
    from dlcli.data.samples.samples import Samples

    Rows: TypeAlias = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | Mapping[str, Any] | pd.DataFrame
    """Files (a path, a glob, or several), another form of source as in a config, or a table in memory."""

__all__ = ["data_parts", "input_rows", "rows_as_written", "some_split", "split_rows"]


def split_rows(run: TrainedRun, split: SplitName, *, cache: Cache | None = None) -> Samples:
    """A split of the run's own data, divided as it was for training.

    Args:
        run: The run.
        split: `train`, `validation` or `test`.
        cache: Where training may have left it ready.

    Raises:
        RunError: The data files have changed since, so that the splits would no longer be the same.
        DataError: There is no such split, or a file is gone.
    """
    from dlcli.data.prepare import read_split  # which brings all that fitting needs

    for source, files in recorded_files(run.directory).items():
        if source == split or (source == "train" and isinstance(getattr(run.config.data, split), float)):
            for file in files:
                _require_unchanged(file, run.directory.path)
    return read_split(
        run.config.data,
        run.preprocessing,
        split,
        seed=run.config.data_seed,
        named=run.predictor.named,
        cache=cache,
    )


def some_split(run: TrainedRun) -> tuple[SplitName, Samples]:
    """The name and the samples of the test split, or the validation or training split where there is none.

    Raises:
        RunError: See `split_rows`.
        DataError: See `split_rows`.
    """
    data = run.config.data
    name: SplitName = "test" if data.test is not None else "validation" if data.validation is not None else "train"
    return name, split_rows(run, name)


def _require_unchanged(recorded: Fingerprint, run: Path) -> None:
    path = Path(recorded.path)
    if not path.exists():
        raise DataError(
            Problem(
                f"the data of this run, {path}, is gone",
                hint=f"put it back, or give a file with the same columns: dlcli evaluate {run} DATA",
                rule="file-not-found",
            )
        )
    if fingerprint(path).sha256 != recorded.sha256:
        raise RunError(
            Problem(
                f"{path} has changed since this run was trained, so its splits would mix rows trained on with others",
                hint=f"give the rows to evaluate on: dlcli evaluate {run} DATA; or train again",
                rule="data-changed",
            )
        )


def data_parts(
    run: TrainedRun, data: Rows, *, reading: Reading | None = None, warn: Warn = lambda problem: None
) -> Iterator[Samples]:
    """New rows with their targets, part by part.

    Args:
        run: The run.
        data: The rows.
        reading: How files of text are to be read.
        warn: Told of doubts about them.

    Raises:
        DataError: Columns are missing, values cannot be used, or there are no rows.
    """
    if run.preprocessing.windows is not None:
        opened = open_labelled(_rows(data), run.config.data, run.preprocessing, files=_files(run, reading), warn=warn)
        named = run.predictor.named
        return iter([labelled_windows(opened, run.config.data, run.preprocessing, named=named, warn=warn)])
    return labelled_parts(
        _rows(data),
        run.config.data,
        run.preprocessing,
        named=run.predictor.named,
        files=_files(run, reading),
        warn=warn,
    )


def input_rows(
    run: TrainedRun,
    data: Rows,
    *,
    keep: Sequence[str] | None = (),
    format: Format | None = None,
    reading: Reading | None = None,
    directory: Path | None = None,
) -> Input:
    """Rows to predict, with the columns to keep (None: all), in a format (None: by the names of the files).

    The files that cells name lie in the directory (None: beside the table).

    Raises:
        DataError: Columns are missing.
    """
    return open_input(
        _rows(data),
        run.config.data,
        run.preprocessing,
        keep=keep,
        files=dataclasses.replace(_files(run, reading), format=format, directory=directory),
    )


def rows_as_written(
    run: TrainedRun, rows: Sequence[int], *, split: SplitName, data: Rows | None = None, reading: Reading | None = None
) -> dict[int, Mapping[str, str]]:
    """The cells that some rows have in the columns that features read; a row that is not found is left out.

    Args:
        run: The run.
        rows: The numbers of the rows in their source, from 0.
        split: The split that they are of.
        data: New rows, in place of a split.
        reading: How files of text are to be read.

    Raises:
        DataError: The source is gone, or cannot be read.
    """
    own: Any = getattr(run.config.data, split)
    source: Any = run.config.data.train if own is None or isinstance(own, float) else own
    opened = input_rows(run, source if data is None else data, reading=reading)
    return written_rows(opened.source, run.preprocessing, rows)


def _files(run: TrainedRun, reading: Reading | None) -> NewFiles:
    """How new files are read, by what is said of them and what is known of those of the training."""
    record = run.directory.read_json(run.directory.record)
    columns, like = record.get("columns"), record.get("reading")
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        columns = ()
    try:
        likely = Reading(**like) if isinstance(like, dict) else None
    except (TypeError, DataError):  # of another version
        likely = None
    return NewFiles(reading=reading or Reading(), like=likely, columns=tuple(columns))


def _rows(data: Rows) -> Any:
    if isinstance(data, (str, os.PathLike)):
        return read_source(os.fspath(data))
    if isinstance(data, (dict, FileColumns, KerasData)):
        return read_source(data)
    return [os.fspath(each) for each in cast(Sequence[Any], data)] if isinstance(data, (list, tuple)) else data
