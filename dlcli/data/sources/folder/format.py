"""Folders of files, as the registry knows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.data.sources.format import Format, Peek

if TYPE_CHECKING:
    from dlcli.data.sources.options import TableOptions
    from dlcli.data.sources.source import Source

__all__ = ["FORMAT"]


def _peek(place: Path, options: TableOptions) -> Peek:
    from dlcli.data.sources.folder.listing import COLUMNS, empty_columns, find_rows, folder_doubts

    found = find_rows(place, folders=options.folders_are_rows)
    return Peek(COLUMNS, doubts=folder_doubts(place, found), empty=empty_columns(place, found))


def _open(place: Path, options: TableOptions) -> Source:
    from dlcli.data.sources.folder.source import FolderOfFiles

    return FolderOfFiles(place, options)


def _open_rows(files: Sequence[Path], options: TableOptions, column: str) -> Source:
    from dlcli.data.sources.folder.single import SingleFiles

    return SingleFiles.of(files, options, column)


FORMAT = Format(
    name="folder_of_files",
    title="folder",
    order=90,
    suffixes=(),
    directories=True,
    peek=_peek,
    open=_open,
    open_rows=_open_rows,
)
