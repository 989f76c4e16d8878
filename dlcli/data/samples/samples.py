"""Samples: all that training, evaluation and proofs ask of data, however it comes about.

Arrays are samples, in memory or in files; so is what is made when it is wanted (images that are decoded, windows of a
series), and so are some samples of others: a fold, a worker's share, the first hundred.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dlcli.data.series.levels import Level

__all__ = ["ArraySpec", "Indices", "Samples", "Subset", "Taken", "blocks"]

Indices = NDArray[np.int64] | slice
"""Which samples, from 0, in any order."""

BLOCK_BYTES = 32 * 2**20
"""What a block may take where nobody says how many samples it has."""

MOST_AT_ONCE = 65_536


@dataclasses.dataclass(frozen=True, slots=True)
class ArraySpec:
    """What is known of an array before it is there.

    Args:
        shape: Of one sample.
        dtype: Of its numbers.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        """What a sample takes."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Some samples, as arrays.

    Args:
        inputs: An array `(samples, *shape)` for each input of the model that was asked for.
        targets: For each target class indices `(samples, *axes)` int32, -1 where there is no class, or numbers
            `(samples, *axes, width)` float32.
        weights: The weight of each sample `(samples,)` float32, or None.
        levels: What targets were measured by, sample by sample, and that is undone when they are decoded.
        rows: The number of each sample's row in its source, from 0 `(samples,)`; None where they are no rows: windows.
    """

    inputs: dict[str, NDArray[Any]]
    targets: dict[str, NDArray[Any]]
    weights: NDArray[np.float32] | None = None
    levels: Mapping[str, Level] = dataclasses.field(default_factory=dict)
    rows: NDArray[np.int64] | None = None


class Samples(Protocol):
    """Samples of a split, to be taken as often as wanted, each time the same."""

    @property
    def inputs(self) -> Mapping[str, ArraySpec]:
        """The inputs, by their names."""

    @property
    def targets(self) -> Mapping[str, ArraySpec]:
        """The targets, by their names."""

    @property
    def fingerprint(self) -> str:
        """Equal fingerprints mean equal samples, bit for bit; empty where that is not known."""

    def __len__(self) -> int:
        """How many samples there are."""

    def take(self, indices: Indices, *, inputs: Collection[str] | None = None) -> Taken:
        """Some samples, in memory.

        Args:
            indices: Which.
            inputs: The inputs that are wanted, since they may have to be made; all when None. The targets and weights
                always come.
        """


class Subset:
    """Some samples of others.

    Args:
        samples: The others.
        indices: Which of them, in their order here.

    Example:
        >>> len(Subset(samples, slice(0, 100)))  # doctest: +SKIP
        100
    """

    def __init__(self, samples: Samples, indices: Indices) -> None:
        self._samples = samples
        if isinstance(indices, slice):
            indices = np.arange(*indices.indices(len(samples)), dtype=np.int64)
        self._indices = indices
        self.inputs = samples.inputs
        self.targets = samples.targets

    @property
    def fingerprint(self) -> str:
        """That of the others, and which of them."""
        whole = self._samples.fingerprint
        return hashlib.sha256(whole.encode() + self._indices.tobytes()).hexdigest() if whole else ""

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self._indices)

    def take(self, indices: Indices, *, inputs: Collection[str] | None = None) -> Taken:
        """Some samples, in memory; see `Samples`."""
        return self._samples.take(self._indices[indices], inputs=inputs)


def blocks(samples: Samples, size: int | None = None, *, inputs: Collection[str] | None = None) -> Iterator[Taken]:
    """All samples in their order, some at a time.

    Args:
        samples: Which.
        size: How many in a block; as many as take little memory when None.
        inputs: As in `Samples.take`.
    """
    if size is None:
        wanted = [spec for name, spec in samples.inputs.items() if inputs is None or name in inputs]
        size = BLOCK_BYTES // max(1, sum(spec.bytes for spec in (*wanted, *samples.targets.values())))
        size = min(max(size, 1), MOST_AT_ONCE)
    for start in range(0, len(samples), size):
        yield samples.take(slice(start, start + size), inputs=inputs)
