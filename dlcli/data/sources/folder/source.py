"""A folder as a table: what is in the files is the affair of the features that name them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from dlcli.data.columns.arrays import texts_array, with_nulls
from dlcli.data.columns.chunk import FILE_NAME, FILE_PATH, Chunk, ColumnInfo, Kind
from dlcli.data.sources.folder.listing import COLUMNS, FoundRows, find_rows, folder_doubts
from dlcli.data.sources.source import FileSource
from dlcli.data.values.typed import typed_chunk
from dlcli.errors import Problem

__all__ = ["FolderOfFiles"]

BATCH_ROWS = 8_192


@dataclasses.dataclass(frozen=True)
class FolderOfFiles(FileSource):
    """The files in a folder and below, or the folders of files. `path` is relative to it; `folder`, the class in a
    folder per class, is empty for a row that lies in the folder itself."""

    @functools.cached_property
    def found(self) -> FoundRows:
        """What is in it, looked at once: files that come later belong to no row.

        Raises:
            DataError: No files, or they cannot be listed.
        """
        return find_rows(self.path, folders=self.options.folders_are_rows)

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
        assert self.found.paths
        return (
            ColumnInfo(self._paths, "text", dtype=FILE_PATH),
            ColumnInfo("name", "text", dtype=FILE_NAME),
            ColumnInfo("folder", "text", dtype="string"),
        )

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Texts, whatever they look like: a class may be called `NA`, and one `007`."""
        found = self.found
        elsewhere = () if found.beside == self.path else (found.beside,)
        for start in range(0, len(found.paths), BATCH_ROWS):
            part = found.paths[start : start + BATCH_ROWS]
            yield typed_chunk(
                {name: _cells(COLUMNS[0] if name == self._paths else name, part) for name in kinds},
                kinds,
                missing=(),
                num_rows=len(part),
                start=start,
                file=self.path,
                folders=elsewhere,
            )

    def doubts(self) -> tuple[Problem, ...]:
        """What the names tell."""
        return folder_doubts(self.path, self.found)

    def about_rows(self) -> int:
        """Exactly."""
        return len(self.found.paths)


def _cells(name: str, paths: Sequence[str]) -> pa.Array:
    if name == "path":
        return texts_array(paths)
    folders_and_names = [path.rpartition("/") for path in paths]
    if name == "name":
        return texts_array([name for _, _, name in folders_and_names])
    folders = [folder for folder, _, _ in folders_and_names]
    return with_nulls(texts_array(folders), np.array(folders) != "")
