"""Files that a feature opens, named one by one in place of their folder."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from dlcli.data.columns.arrays import texts_array
from dlcli.data.sources.frame import FrameSource
from dlcli.data.sources.options import TableOptions

__all__ = ["SingleFiles"]


@dataclasses.dataclass(frozen=True)
class SingleFiles(FrameSource):
    """A row a file, as it was named.

    Args:
        column: Holds the files.
    """

    column: str = "path"

    @classmethod
    def of(cls, files: Sequence[Path], options: TableOptions, column: str) -> SingleFiles:
        """A source of these files.

        Args:
            files: They are there.
            options: As for tables.
            column: That of the feature that opens them.
        """
        folder = Path(os.path.commonpath([os.path.abspath(file.parent) for file in files]))
        names = texts_array([os.path.relpath(os.path.abspath(file), folder) for file in files])
        return cls(pa.table({column: names}), dataclasses.replace(options, beside=folder), column)

    @property
    def name(self) -> str:
        first = Path(self.table[self.column][0].as_py()).name
        return first if self.table.num_rows == 1 else f"{first} and {self.table.num_rows - 1} more"

    @property
    def names_rows(self) -> tuple[str, ...]:
        return (self.column,)
