"""A folder as a table: what is in the files is the affair of the features that name them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from dlcli.data.columns.arrays import texts_array, with_nulls
from dlcli.data.columns.chunk import FILE_NAME, FILE_PATH, Chunk, ColumnInfo, Kind
from dlcli.data.sources.folder.listing import COLUMNS, folder_doubts, list_files
from dlcli.data.sources.source import FileSource
from dlcli.data.values.typed import typed_chunk
from dlcli.errors import Problem
from dlcli.files.folders import Folder, FoundFile

__all__ = ["FolderOfFiles"]

BATCH_ROWS = 8_192


@dataclasses.dataclass(frozen=True)
class FolderOfFiles(FileSource):
    """The files in a folder and below. `path` is relative to it; `folder`, the class in a folder per class, is empty
    for a file that lies in the folder itself."""

    @functools.cached_property
    def found(self) -> Folder:
        """What is in it, looked at once: files that come later belong to no row.

        Raises:
            DataError: No files, or they cannot be listed.
        """
        return list_files(self.path)

    @property
    def _paths(self) -> str:
        """What the column of paths is called: as that of files, where a trained model needs no other."""
        trained = self.options.trained
        return (None if trained is None else trained.only_file) or COLUMNS[0]

    @property
    def names_rows(self) -> tuple[str, ...]:
        return (self._paths,)

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """Always the same three."""
        assert self.found.files
        return (
            ColumnInfo(self._paths, "text", dtype=FILE_PATH),
            ColumnInfo("name", "text", dtype=FILE_NAME),
            ColumnInfo("folder", "text", dtype="string"),
        )

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Texts, whatever they look like: a class may be called `NA`, and one `007`."""
        files = self.found.files
        for start in range(0, len(files), BATCH_ROWS):
            part = files[start : start + BATCH_ROWS]
            yield typed_chunk(
                {name: _cells(COLUMNS[0] if name == self._paths else name, part) for name in kinds},
                kinds,
                missing=(),
                num_rows=len(part),
                start=start,
                file=self.path,
            )

    def doubts(self) -> tuple[Problem, ...]:
        """What the names tell."""
        return folder_doubts(self.path, self.found)

    def about_rows(self) -> int:
        """Exactly."""
        return len(self.found.files)


def _cells(name: str, files: Sequence[FoundFile]) -> pa.Array:
    if name == "path":
        return texts_array([file.path for file in files])
    folders_and_names = [file.path.rpartition("/") for file in files]
    if name == "name":
        return texts_array([name for _, _, name in folders_and_names])
    folders = [folder for folder, _, _ in folders_and_names]
    return with_nulls(texts_array(folders), np.array(folders) != "")
