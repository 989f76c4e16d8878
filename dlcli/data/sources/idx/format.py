"""Files of IDX, as the registry knows them: `train-images-idx3-ubyte.gz`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.data.sources.format import Format, Peek
from dlcli.data.sources.idx.types import TYPES

if TYPE_CHECKING:
    from dlcli.data.arrays.stored import StoredArray
    from dlcli.data.sources.options import TableOptions
    from dlcli.data.sources.source import Source

__all__ = ["FORMAT"]

_MOST_AXES = 8


def _sniff(start: bytes) -> str | None:
    is_idx = len(start) > 4 and start[:2] == b"\0\0" and start[2] in TYPES and 1 <= start[3] <= _MOST_AXES
    return ".idx" if is_idx else None


def _peek(file: Path, options: TableOptions) -> Peek:
    return Peek((options.only_column(file),))


def _arrays(file: Path) -> Mapping[str, StoredArray]:
    from dlcli.data.sources.idx.source import array

    return {"": array(file)}


def _open(file: Path, options: TableOptions) -> Source:
    from dlcli.data.sources.arrays import ArrayTable

    return ArrayTable.of_one(file, options, _arrays)


FORMAT = Format(
    name="idx",
    title="IDX",
    order=5,
    suffixes=(".idx", *(f".idx{axes}-ubyte" for axes in range(1, _MOST_AXES + 1))),
    spoken={"idx": {}},
    compressed=True,
    sniff=_sniff,
    peek=_peek,
    open=_open,
    arrays=_arrays,
)
