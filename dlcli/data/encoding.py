"""Rows to the arrays of their splits, by the fitted preprocessing."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.chunk import Chunk
from dlcli.data.preprocessing import Preprocessing
from dlcli.data.rows import Rows
from dlcli.errors import DataError, Problem

__all__ = ["Split", "encode_chunk", "encode_rows"]


@dataclasses.dataclass(frozen=True)
class Split:
    """Encoded rows.

    Args:
        name: `train`, `validation` or `test`.
        rows: `(rows,)` int64, the numbers of the rows in their source, from 0, ascending.
        inputs: An array `(rows, *shape)` for each input of the model.
        targets: For each target class indices `(rows,)` int32, or numbers `(rows, width)` float32.
        sample_weight: `(rows,)` float32, or None.
    """

    name: str
    rows: NDArray[np.int64]
    inputs: dict[str, NDArray[Any]]
    targets: dict[str, NDArray[Any]]
    sample_weight: NDArray[np.float32] | None = None


def encode_rows(
    preprocessing: Preprocessing, rows: Rows, parts: Mapping[str, NDArray[np.int64]], named: Collection[str] = ()
) -> dict[str, Split]:
    """Encode the rows of one source into its splits.

    All rows are encoded in the order of the file, so that messages name the row, and then go to their split.

    Args:
        preprocessing: Fitted.
        rows: The rows of the source.
        parts: The ascending row numbers of each split.
        named: Features that layers take by name.

    Raises:
        DataError: Cells that cannot be encoded.
    """
    specs = preprocessing.inputs(named)
    inputs = {
        split: {spec.name: np.empty((len(numbers), *spec.shape), spec.dtype) for spec in specs}
        for split, numbers in parts.items()
    }
    targets: dict[str, dict[str, NDArray[Any]]] = {split: {} for split in parts}
    for offset, chunk in zip(rows.offsets, rows.chunks(), strict=True):
        encoded, labels = encode_chunk(preprocessing, chunk, named)
        for split, numbers in parts.items():
            low, high = np.searchsorted(numbers, [offset, offset + chunk.num_rows])
            places = numbers[low:high] - offset
            for name, array in encoded.items():
                inputs[split][name][low:high] = array[places]
            for name, array in labels.items():
                whole = targets[split].setdefault(name, np.empty((len(numbers), *array.shape[1:]), array.dtype))
                whole[low:high] = array[places]
    return {split: Split(split, numbers, inputs[split], targets[split]) for split, numbers in parts.items()}


def encode_chunk(
    preprocessing: Preprocessing, chunk: Chunk, named: Collection[str] = ()
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """The inputs and the targets of consecutive rows.

    Raises:
        DataError: Cells of features or targets that cannot be encoded, with the file that they are in.
    """
    inputs: dict[str, NDArray[Any]] = {}
    targets: dict[str, NDArray[Any]] = {}
    problems: list[Problem] = []
    try:
        inputs.update(preprocessing.encode(chunk, named))
    except DataError as error:
        problems += error.problems
    try:
        targets.update(preprocessing.encode_targets(chunk))
    except DataError as error:
        problems += error.problems
    if problems:
        raise DataError(problem.at(chunk.file) for problem in problems)
    return inputs, targets
