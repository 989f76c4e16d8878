"""Samples that are encoded already: arrays in memory, or mapped files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.cache.entry import ArrayName
from dlcli.data.cache.mapped import take
from dlcli.data.samples.samples import ArraySpec, Indices, Samples, Taken

__all__ = ["ArraySamples", "array_splits"]


@dataclasses.dataclass(frozen=True, eq=False)
class ArraySamples:
    """Arrays as samples.

    Args:
        held: All of them, in memory or mapped: see `mapped.take`.
        rows: `(samples,)` int64, the number of each sample's row in its source, from 0, ascending.
        fingerprint: See `Samples`.

    Example:
        >>> held = Taken({"x": np.eye(3)}, {"y": np.array([0, 2, 1], np.int32)})
        >>> ArraySamples(held, np.arange(3)).take(slice(1, 3)).targets["y"]
        array([2, 1], dtype=int32)
    """

    held: Taken
    rows: NDArray[np.int64]
    fingerprint: str = ""

    @property
    def inputs(self) -> Mapping[str, ArraySpec]:
        """The inputs, by their names."""
        return {name: ArraySpec(array.shape[1:], array.dtype) for name, array in self.held.inputs.items()}

    @property
    def targets(self) -> Mapping[str, ArraySpec]:
        """The targets, by their names."""
        return {name: ArraySpec(array.shape[1:], array.dtype) for name, array in self.held.targets.items()}

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.rows)

    def take(self, indices: Indices, *, inputs: Collection[str] | None = None) -> Taken:
        """Some samples, in memory; see `Samples`."""
        held = self.held
        return Taken(
            {name: take(array, indices) for name, array in held.inputs.items() if inputs is None or name in inputs},
            {name: take(array, indices) for name, array in held.targets.items()},
            None if held.weights is None else take(held.weights, indices),
        )


def array_splits(
    arrays: Mapping[ArrayName, NDArray[Any]], fingerprint: Callable[[SplitName], str]
) -> dict[str, Samples]:
    """The samples of each split that there are arrays of, in the order of the splits.

    Args:
        arrays: Of all splits.
        fingerprint: Of the samples of a split.
    """

    def named(split: SplitName, part: str) -> dict[str, NDArray[Any]]:
        return {name: array for (*place, name), array in arrays.items() if place == [split, part]}

    return {
        split: ArraySamples(
            Taken(named(split, "inputs"), named(split, "targets"), arrays.get((split, "sample_weight", ""))),
            arrays[split, "rows", ""],
            fingerprint(split),
        )
        for split in SPLITS
        if (split, "rows", "") in arrays
    }
