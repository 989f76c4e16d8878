"""Arrays in files as a table: each a column of its own shape and type, read rows by rows."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

from dlcli.data.arrays.splits import by_splits
from dlcli.data.arrays.stored import StoredArray
from dlcli.data.columns.chunk import Chunk, ColumnInfo, Kind
from dlcli.data.sources.options import TableOptions
from dlcli.data.sources.source import Source
from dlcli.data.values.typed import typed_chunk
from dlcli.errors import DataError, Problem

__all__ = ["ArrayTable"]

BLOCK_BYTES = 8 << 20


@dataclasses.dataclass(frozen=True)
class ArrayTable(Source):
    """Arrays of equal length, a row along the first axis of each.

    Args:
        label: How messages call it.
        files: Those that they are in.
        options: Which marks of empty cells there are; and which arrays are wanted, when not all are.
        read: The arrays by the names of their columns; looks at headers alone.
    """

    label: str
    files: tuple[Path, ...]
    options: TableOptions
    read: Callable[[], Mapping[str, StoredArray]]

    @property
    def name(self) -> str:
        return self.label

    @property
    def paths(self) -> tuple[Path, ...]:
        return self.files

    @classmethod
    def of_one(cls, file: Path, options: TableOptions, read: Callable[[Path], Mapping[str, StoredArray]]) -> Self:
        """A file of one array, which has no name."""
        name = options.only_column(file)
        return cls(file.name, (file,), options, lambda: dict(zip([name], read(file).values(), strict=True)))

    def columns(self, *, whole: bool = False) -> tuple[ColumnInfo, ...]:
        """Names, shapes and types of the arrays."""
        return tuple(
            ColumnInfo(name, array.kind, array.shape[1:], str(array.dtype)) for name, array in self._arrays().items()
        )

    def chunks(self, kinds: Mapping[str, Kind]) -> Iterator[Chunk]:
        """Blocks of rows of the wanted arrays; memory is bounded by the block, unless an array is in Fortran order."""
        arrays = self._arrays()
        num_rows = next(array for name, array in arrays.items() if self._is_wanted(name)).shape[0]
        step = max(1, BLOCK_BYTES // max(1, sum(arrays[name].row_bytes for name in kinds)))
        with contextlib.ExitStack() as stack:
            blocks = {name: stack.enter_context(contextlib.closing(arrays[name].blocks(step))) for name in kinds}
            for start in range(0, num_rows, step):
                yield typed_chunk(
                    {name: next(each) for name, each in blocks.items()},
                    kinds,
                    missing=self.options.missing_values,
                    forms=self.options.forms,
                    sightings=self.options.sightings,
                    num_rows=min(step, num_rows - start),
                    start=start,
                    file=self.paths[0],
                    folders=self.options.folders(self.paths[0]),
                )

            for each in blocks.values():
                next(each, None)  # up to the end of a file, where what was compressed is checked

    def about_rows(self) -> int | None:
        """Exactly, as the headers say."""
        with contextlib.suppress(DataError):
            return next((array.shape[0] for name, array in self._arrays().items() if self._is_wanted(name)), None)
        return None

    def _arrays(self) -> dict[str, StoredArray]:
        """All of them.

        Raises:
            DataError: They cannot be read, or those that are wanted have different numbers of rows.
        """
        found = dict(self.read())
        lengths = {name: array.shape[0] for name, array in found.items() if self._is_wanted(name)}
        if len(set(lengths.values())) <= 1:
            return found
        listed = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
        raise DataError(
            Problem(
                f"the arrays of '{self.name}' have different numbers of rows: {listed}",
                hint=by_splits(self.name, lengths) or "the first dimension of every array is the samples",
                file=self.paths[0],
                rule="unequal-arrays",
            )
        )

    def _is_wanted(self, name: str) -> bool:
        return self.options.only is None or name in self.options.only
