"""Rows as they are written in their source, found again by their numbers: encoded, they are numbers and pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.chunk import Column, Kind
from dlcli.data.columns.codec import OpensFiles
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.sources.source import Source

__all__ = ["file_columns", "written_rows"]

MOST_BYTES = 16 * 2**20
"""Of a source that is read for the sake of some rows. Of a larger one only the names of files are."""


def file_columns(preprocessing: Preprocessing) -> tuple[str, ...]:
    """The columns whose cells name files that a feature opens."""
    codecs = [codec for codec in preprocessing.features.values() if isinstance(codec, OpensFiles)]
    return tuple(dict.fromkeys(column for codec in codecs if codec.reads == "text" for column in codec.columns))


def written_rows(source: Source, preprocessing: Preprocessing, rows: Sequence[int]) -> dict[int, Mapping[str, str]]:
    """The cells of some rows, of the columns that features read, each as it is written.

    Args:
        source: Is read as far as the last of the rows.
        preprocessing: Says which columns are read.
        rows: Their numbers, from 0, in any order; one that is not there is left out.

    Raises:
        DataError: The source cannot be read.
    """
    codecs = [
        each for each in preprocessing.features.values() if not isinstance(each, OpensFiles) or each.reads == "text"
    ]
    read = dict.fromkeys(column for codec in codecs for column in codec.columns)  # arrays of pixels are no cells
    wanted = file_columns(preprocessing) if sum(path.stat().st_size for path in source.paths) > MOST_BYTES else read
    kinds: dict[str, Kind] = dict.fromkeys(wanted, "exact")
    found: dict[int, Mapping[str, str]] = {}
    left, start = sorted(set(rows)), 0
    for chunk in source.chunks(kinds) if kinds and left else ():
        here = [row for row in left if start <= row < start + chunk.num_rows]
        cells = {column: as_arrow(values) for column, values in chunk.columns.items() if here and _is_single(values)}
        for row in here:
            found[row] = {column: _text(cell[row - start].as_py()) for column, cell in cells.items()}
        start += chunk.num_rows
        if start > left[-1]:
            break
    return found


def _is_single(values: Column) -> bool:
    """Whether a row has one value in a column, and no array."""
    return not isinstance(values, np.ndarray) or values.ndim == 1


def _text(value: object) -> str:
    return "" if value is None else str(value)
