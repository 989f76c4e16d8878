"""Rows to the arrays of their splits, by the fitted preprocessing."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dlcli.data.cache.entry import ArrayName
from dlcli.data.columns.chunk import Chunk
from dlcli.data.preprocessing.preprocessing import Preprocessing
from dlcli.data.samples.samples import BLOCK_BYTES
from dlcli.data.table.rows import Rows
from dlcli.data.table.targetless import fill_targets
from dlcli.errors import DataError, Problem

__all__ = ["Arrays", "Destination", "MemoryArrays", "encode_chunk", "encode_rows", "encoded_bytes", "rows_at_once"]

Write = Callable[[NDArray[Any]], None]
"""Takes the next rows of an array."""


Arrays = dict[ArrayName, NDArray[Any]]

LARGE_ROW = 4096
"""Bytes from which on an encoded row is large: an image, a long series."""


class Destination(Protocol):
    """Where encoded arrays are written: memory, or the files of an entry."""

    def create(self, name: ArrayName, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Write:
        """Begin an array; its rows are given, in order and in any pieces, to what comes back."""


class MemoryArrays:
    """Encoded arrays in memory, by their names."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}

    def create(self, name: ArrayName, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Write:
        """Begin an array."""
        array = self.arrays[name] = np.empty(shape, dtype)
        place = 0

        def write(rows: NDArray[Any]) -> None:
            nonlocal place
            array[place : place + len(rows)] = rows
            place += len(rows)

        return write


def encoded_bytes(
    preprocessing: Preprocessing, num_rows: int, named: Collection[str] = (), on_demand: Collection[str] = ()
) -> int:
    """What so many rows take when they are encoded, their numbers and weights included."""
    return num_rows * (
        12 + sum(math.prod(shape) * dtype.itemsize for _, _, shape, dtype in _forms(preprocessing, named, on_demand))
    )


def encode_rows(
    preprocessing: Preprocessing,
    rows: Rows,
    parts: Mapping[str, NDArray[np.int64]],
    named: Collection[str],
    destination: Destination,
    *,
    gaps: Collection[str] = (),
    on_demand: Collection[str] = (),
    unusable: NDArray[np.int64] | None = None,
) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Encode the rows of one source into its splits.

    All rows are encoded in the order of the file, so that messages name the row, and then go to their split.

    Args:
        preprocessing: Fitted.
        rows: The rows of the source.
        parts: The ascending row numbers of each split.
        named: Features that layers take by name.
        destination: Where the arrays go.
        gaps: Columns of targets with empty cells, whose rows are in no split.
        on_demand: Inputs that are made when they are taken: the keys of their samples are written.
        unusable: The ascending numbers of rows that cannot be encoded, and are in no split.

    Returns:
        For each feature that tallies rows the totals of each split, the number of rows first.

    Raises:
        DataError: Cells that cannot be encoded.
        OSError: The destination is full.
    """
    writers = {
        (split, part, name): destination.create((split, part, name), (len(numbers), *shape), dtype)
        for split, numbers in parts.items()
        for part, name, shape, dtype in _forms(preprocessing, named, on_demand)
    }
    size = rows_at_once(preprocessing, named, on_demand)
    tallies = _Tallies(preprocessing, parts)
    for offset, chunk in _pieces(rows, preprocessing.columns, size):
        whole = fill_targets(chunk, gaps)
        if whole is None:
            continue
        kept = _usable(unusable, offset, chunk.num_rows)
        inputs, targets = encode_chunk(preprocessing, whole if kept is None else whole.only(kept), named, on_demand)
        for split, numbers in parts.items():
            low, high = np.searchsorted(numbers, [offset, offset + chunk.num_rows])
            places = None if high - low == chunk.num_rows else numbers[low:high] - offset
            places = places if kept is None or places is None else np.searchsorted(kept, places)
            for part, arrays in (("inputs", inputs), ("targets", targets)):
                for name, array in arrays.items():
                    writers[split, part, name](array if places is None else array.take(places, axis=0))
            tallies.add(split, places)
    return tallies.totals


class _Tallies:
    """What features count in the rows of each split."""

    def __init__(self, preprocessing: Preprocessing, splits: Iterable[str]) -> None:
        self._codecs = preprocessing.tallying()
        self.totals: dict[str, dict[str, NDArray[np.int64]]] = {
            name: {split: np.zeros(1 + codec.tally.shape[1], np.int64) for split in splits}
            for name, codec in self._codecs.items()
        }

    def add(self, split: str, places: NDArray[np.int64] | None) -> None:
        """Take in those of the rows that were encoded last; all when None."""
        for name, codec in self._codecs.items():
            rows = codec.tally if places is None else codec.tally[places]
            self.totals[name][split] += (len(rows), *rows.sum(axis=0))


def _usable(unusable: NDArray[np.int64] | None, offset: int, rows: int) -> NDArray[np.int64] | None:
    """The places of the rows of a chunk that can be encoded; None for all."""
    if unusable is None:
        return None
    low, high = np.searchsorted(unusable, [offset, offset + rows])
    return None if low == high else np.delete(np.arange(rows), unusable[low:high] - offset)


def rows_at_once(preprocessing: Preprocessing, named: Collection[str] = (), on_demand: Collection[str] = ()) -> int:
    """How many rows to encode at once, for what comes of them to take little memory: images are far larger than names.

    Fewer than are read together only where a row is large, for faults are reported of so many rows together.
    """
    size = encoded_bytes(preprocessing, 1, named, on_demand)
    return max(1, BLOCK_BYTES // size) if size >= LARGE_ROW else sys.maxsize


def _pieces(rows: Rows, columns: Collection[str], size: int) -> Iterator[tuple[int, Chunk]]:
    """The chunks of a source, cut to at most so many rows, each with the number of its first row."""
    for offset, chunk in zip(rows.offsets.tolist(), rows.chunks(columns=columns), strict=True):
        for start in range(0, chunk.num_rows, size):
            yield offset + start, chunk.cut(start, size)


def encode_chunk(
    preprocessing: Preprocessing, chunk: Chunk, named: Collection[str] = (), on_demand: Collection[str] = ()
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """The inputs and the targets of consecutive rows.

    Raises:
        DataError: Cells of features or targets that cannot be encoded, with the file that they are in.
    """
    inputs: dict[str, NDArray[Any]] = {}
    targets: dict[str, NDArray[Any]] = {}
    problems: list[Problem] = []
    try:
        inputs.update(preprocessing.encode(chunk, named, on_demand=on_demand))
    except DataError as error:
        problems += error.problems
    try:
        targets.update(preprocessing.encode_targets(chunk))
    except DataError as error:
        problems += error.problems
    if problems:
        raise DataError(problem.at(chunk.file) for problem in problems)
    return inputs, targets


def _forms(
    preprocessing: Preprocessing, named: Collection[str], on_demand: Collection[str]
) -> list[tuple[str, str, tuple[int, ...], np.dtype[Any]]]:
    """The part, the name, the shape of a sample and the type of every array of a split."""
    inputs: list[tuple[str, str, tuple[int, ...], np.dtype[Any]]] = [
        ("inputs", spec.name, (), np.dtype(np.int64))
        if spec.name in on_demand
        else ("inputs", spec.name, spec.shape, np.dtype(spec.dtype))
        for spec in preprocessing.row_inputs(named)
    ]
    targets = [
        ("targets", spec.name, spec.shape, np.dtype(np.int32 if spec.kind == "category" else np.float32))
        for spec in (codec.spec for codec in preprocessing.row_targets.values())
    ]
    return [*inputs, *targets]
