"""Archives of arrays, as the registry knows them."""

from __future__ import annotations

import functools
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
    """The name of the first member of a zip archive says whether it is one of arrays."""
    name = start[30 : 30 + int.from_bytes(start[26:28], "little")]
    return ".npz" if start.startswith(b"PK\x03\x04") and name.endswith(b".npy") else None


def _peek(file: Path, options: TableOptions) -> Peek:
    from dlcli.data.sources.npz.archive import peek

    return peek(file, options)


def _arrays(file: Path) -> Mapping[str, StoredArray]:
    from dlcli.data.sources.npz.source import members

    return members(file)


def _open(file: Path, options: TableOptions) -> Source:
    from dlcli.data.sources.arrays import ArrayTable

    return ArrayTable(file.name, (file,), options, functools.partial(_arrays, file))


FORMAT = Format(
    name="npz",
    title=".npz",
    order=3,
    suffixes=(".npz",),
    spoken={"npz": {}},
    sniff=_sniff,
    peek=_peek,
    open=_open,
    arrays=_arrays,
)
