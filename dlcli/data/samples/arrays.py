"""Samples that are encoded already: arrays in memory, or mapped files."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.signature import SPLITS, SplitName
from dlcli.data.cache.entry import ArrayName
from dlcli.data.cache.mapped import is_mapped, take
from dlcli.data.samples.samples import ArraySpec, Indices, Samples, Taken
from dlcli.data.samples.windows import WindowSamples
from dlcli.data.series.form import Views

__all__ = ["ArraySamples", "array_splits"]


@dataclasses.dataclass(frozen=True, eq=False)
class ArraySamples:
    """Arrays as samples.

    Args:
        held: All of them, in memory or mapped: see `mapped.take`.
        rows: `(samples,)` int64, the number of each sample's row in its source, from 0, ascending.
        identify: Gives the fingerprint; see `Samples`.

    Example:
        >>> held = Taken({"x": np.eye(3)}, {"y": np.array([0, 2, 1], np.int32)})
        >>> ArraySamples(held, np.arange(3)).take(slice(1, 3)).targets["y"]
        array([2, 1], dtype=int32)
    """

    held: Taken
    rows: NDArray[np.int64]
    identify: Callable[[], str] = str

    @property
    def fingerprint(self) -> str:
        """See `Samples`."""
        return self.identify()

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
            rows=take(self.rows, indices),
        )


def array_splits(
    arrays: Mapping[ArrayName, NDArray[Any]], fingerprint: Callable[[SplitName], str], views: Views | None = None
) -> dict[str, Samples]:
    """The samples of each split that there are arrays of, in the order of the splits.

    Args:
        arrays: Of all splits; where samples are windows, those of the steps of each source.
        fingerprint: Of the samples of a split.
        views: What windows are made of; None where each row is a sample.
    """

    def named(split: SplitName, part: str) -> dict[str, NDArray[Any]]:
        return {name: array for (*place, name), array in arrays.items() if place == [split, part]}

    def held(split: SplitName) -> Taken:
        return Taken(named(split, "inputs"), named(split, "targets"), arrays.get((split, "sample_weight", "")))

    if views is None:
        return {
            split: ArraySamples(held(split), arrays[split, "rows", ""], functools.partial(fingerprint, split))
            for split in SPLITS
            if (split, "rows", "") in arrays
        }
    sources = {
        split: _in_order(held(split), arrays.get((split, "order", ""))) for split in SPLITS if held(split).inputs
    }
    return {
        split: WindowSamples(
            *sources[split if split in sources else "train"],
            arrays[split, "windows", ""],
            views,
            functools.partial(fingerprint, split),
            arrays.get((split, "begins", "")),
            arrays.get((split, "runs", "")),
        )
        for split in SPLITS
        if (split, "windows", "") in arrays
    }


def _in_order(steps: Taken, order: NDArray[np.int64] | None) -> tuple[Taken, NDArray[np.int64] | None]:
    """The steps in the order of their series, if they are in memory: windows are then pieces of them."""
    held = [*steps.inputs.values(), *steps.targets.values()]
    if order is None or any(map(is_mapped, held)):
        return steps, order
    inputs = {name: array[order] for name, array in steps.inputs.items()}
    targets = {name: array[order] for name, array in steps.targets.items()}
    return Taken(inputs, targets, None if steps.weights is None else steps.weights[order], rows=order), None
