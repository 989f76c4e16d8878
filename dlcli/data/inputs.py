"""New data for a trained model, from files or a table in memory: the needed columns, in bounded memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dlcli.config.schema import DataConfig
from dlcli.data.chunk import Chunk, Kind
from dlcli.data.encoding import Split, encode_chunk
from dlcli.data.loading import missing_columns
from dlcli.data.preprocessing import Preprocessing
from dlcli.data.sources.opening import open_source
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.source import Source
from dlcli.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Input", "labelled_parts", "open_input"]


@dataclasses.dataclass(frozen=True)
class Input:
    """Rows to predict.

    Args:
        source: Where they come from.
        available: All columns that the source has.
        kinds: The columns that are read, and how.
    """

    source: Source
    available: tuple[str, ...]
    kinds: Mapping[str, Kind]

    def chunks(self) -> Iterator[Chunk]:
        """The rows in their order, chunk by chunk; may be none.

        Raises:
            DataError: Cells that are not what their column is read as, damaged files.
        """
        return self.source.chunks(self.kinds)


def open_input(
    data: Sequence[str | Path] | pd.DataFrame | pa.Table,
    config: DataConfig,
    preprocessing: Preprocessing,
    *,
    keep: Collection[str] = (),
    keep_all: bool = False,
    with_targets: bool = False,
) -> Input:
    """Open data that a trained model is to be applied to. Other columns and any order of them are welcome.

    Args:
        data: Paths and globs, a DataFrame or an arrow table.
        config: The `data` section of the run, for how text files are to be read.
        preprocessing: As fitted in training.
        keep: Further columns to read, each exactly as it is written.
        keep_all: Read all columns.
        with_targets: The targets are needed as well.

    Raises:
        DataError: Missing files, missing columns (all of them), or a source that cannot be read.
    """
    source: Source
    if isinstance(data, (list, tuple)):
        source = open_source([str(path) for path in data], TableOptions.of(config), path="")
    else:
        from dlcli.data.sources.frame import from_frame

        source = from_frame(data, TableOptions.of(config))
    infos = {info.name: info for info in source.columns() if info.name}
    kinds: dict[str, Kind] = {}
    codecs = [*preprocessing.features.values(), *(preprocessing.targets.values() if with_targets else ())]
    for codec in codecs:
        for column in codec.columns:
            kind: Kind = "number" if codec.type == "number" else "text"
            kinds[column] = kind if kinds.setdefault(column, kind) == kind else "text"
    problems = missing_columns(kinds, infos, path="", what=source.name)
    problems += missing_columns([name for name in keep if name not in kinds], infos, path="", what=source.name)
    if problems:
        raise DataError(problems)
    for column in infos if keep_all else keep:
        if infos[column].kind is not None:
            kinds[column] = "text"
    return Input(source, tuple(infos), kinds)


def labelled_parts(
    data: Sequence[str | Path] | pd.DataFrame | pa.Table,
    config: DataConfig,
    preprocessing: Preprocessing,
    *,
    named: Collection[str] = (),
) -> Iterator[Split]:
    """Read and encode new data that holds the targets, chunk by chunk, to evaluate a trained model on.

    Raises:
        DataError: As `open_input`, or no rows, or targets that are missing or no class that the model knows.
    """
    opened = open_input(data, config, preprocessing, with_targets=True)
    rows = 0
    for chunk in opened.chunks():
        numbers = np.arange(rows, rows + chunk.num_rows)
        rows += chunk.num_rows
        if chunk.num_rows:
            inputs, targets = encode_chunk(preprocessing, chunk, named)
            yield Split("data", numbers, inputs, targets)
    if not rows:
        raise DataError(Problem(f"'{opened.source.name}' has no rows", hint="add rows", rule="no-rows"))
