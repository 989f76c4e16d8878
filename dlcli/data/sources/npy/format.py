"""Single arrays of NumPy, as the registry knows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.data.sources.format import Format, Peek

if TYPE_CHECKING:
    from dlcli.data.arrays.stored import StoredArray
    from dlcli.data.sources.options import TableOptions
    from dlcli.data.sources.source import Source

__all__ = ["FORMAT"]


def _sniff(start: bytes) -> str | None:
    return ".npy" if start.startswith(b"\x93NUMPY") else None


def _peek(file: Path, options: TableOptions) -> Peek:
    return Peek((options.only_column(file),))


def _arrays(file: Path) -> Mapping[str, StoredArray]:
    from dlcli.data.sources.npy.source import array

    return {"": array(file)}


def _open(file: Path, options: TableOptions) -> Source:
    from dlcli.data.sources.arrays import ArrayTable

    return ArrayTable.of_one(file, options, _arrays)


FORMAT = Format(
    name="npy",
    title=".npy",
    order=4,
    suffixes=(".npy",),
    spoken={"npy": {}},
    compressed=True,
    sniff=_sniff,
    peek=_peek,
    open=_open,
    arrays=_arrays,
)
