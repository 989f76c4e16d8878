"""The files that rows are made of, found again by the numbers of the rows: encoded, they are pixels and sounds."""

from __future__ import annotations

from collections.abc import Sequence

from dlcli.data.columns.cells import as_arrow
from dlcli.data.columns.codec import OpensFiles
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.sources.source import Source

__all__ = ["cells_of_rows", "file_columns"]


def file_columns(preprocessing: Preprocessing) -> list[str]:
    """The columns whose cells name files that a feature opens."""
    codecs = [codec for codec in preprocessing.features.values() if isinstance(codec, OpensFiles)]
    return list(dict.fromkeys(column for codec in codecs if codec.reads == "text" for column in codec.columns))


def cells_of_rows(source: Source, columns: Sequence[str], rows: Sequence[int]) -> dict[int, str]:
    """What some rows have in some columns of texts, joined by commas; a row that is not there has nothing.

    Args:
        source: Is read as far as the last of the rows.
        columns: Which columns.
        rows: The numbers of the rows, from 0, in any order.

    Raises:
        DataError: The source cannot be read.
    """
    found: dict[int, str] = {}
    wanted, start = sorted(set(rows)), 0
    for chunk in source.chunks(dict.fromkeys(columns, "text")):
        here = [row for row in wanted if start <= row < start + chunk.num_rows]
        cells = [as_arrow(chunk.columns[column]) for column in columns] if here else []
        for row in here:
            found[row] = ", ".join(str(each[row - start].as_py() or "") for each in cells)
        start += chunk.num_rows
        if wanted and start > wanted[-1]:
            break
    return found
