"""Batches of samples, as NumPy arrays, in an order that is a function of seed and epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.samples.labels import Labels
from dlcli.data.samples.samples import Indices, Samples
from dlcli.errors import DlcliError

__all__ = ["Batch", "Batches", "epoch_order", "rows_of_an_epoch"]

Batch = tuple[dict[str, NDArray[Any]], Any, Any]
"""Inputs by name, then targets and weights as Keras wants them: an array for one output, a list for several."""


def epoch_order(num_rows: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of the rows in an epoch (counted from 0): a permutation that needs no state to come back to.

    Example:
        >>> sorted(epoch_order(4, seed=7, epoch=0).tolist())
        [0, 1, 2, 3]
    """
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(num_rows)


def rows_of_an_epoch(rows: int, batch_size: int, *, drop_last: bool) -> int:
    """How many samples an epoch has: all, or those of full batches; fewer than a batch are one batch.

    Example:
        >>> [rows_of_an_epoch(rows, 4, drop_last=True) for rows in (11, 8, 3)]
        [8, 8, 3]
    """
    return rows - rows % batch_size if drop_last and rows >= batch_size else rows


class Batches:
    """Samples, batch by batch.

    Args:
        samples: Those of a split.
        labels: What each output learns of them.
        batch_size: Samples of a batch; the last one of an epoch holds what is left.
        drop_last: Leave out a last batch that is not full, unless it is the only one: which samples an epoch goes
            without is another question every time when it shuffles.
        shuffle: A new order every epoch; else the samples in their order.
        seed: Decides the orders.

    Example:
        >>> samples = ArraySamples(Taken({"x": np.eye(3)}, {"y": np.array([0, 2, 1])}), np.arange(3))  # doctest: +SKIP
        >>> batches = Batches(samples, Labels({"y": ("y",)}, one_hot={"y": 3}), batch_size=2)  # doctest: +SKIP
        >>> [targets.tolist() for _, targets, _ in batches.slices()]  # doctest: +SKIP
        [[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]]]
    """

    def __init__(
        self,
        samples: Samples,
        labels: Labels,
        *,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        self.rows = rows_of_an_epoch(len(samples), batch_size, drop_last=drop_last)
        """Samples of an epoch."""
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.epoch = 0
        """The epoch, from 0, whose order the next pass takes; set before it by whoever runs the epochs."""
        self.failure: DlcliError | None = None
        """Why samples could not be made, when they could not: whoever asks for them may see another error."""
        self._samples = samples
        self._labels = labels
        self._seed = seed
        self._order: tuple[int, NDArray[np.int64]] | None = None

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return -(-self.rows // self.batch_size)

    def slices(self) -> Iterator[Batch]:
        """One pass over the samples, in the order of `epoch`."""
        return (self.batch(step, self.epoch) for step in range(self.steps))

    def stacks(self, size: int) -> Iterator[tuple[Batch, int]]:
        """One pass over the same batches in the same order, several at a time: see `stack`."""
        return (self.stack(step, size, self.epoch) for step in range(self.num_stacks(size)))

    def num_stacks(self, size: int) -> int:
        """How many stacks of `size` an epoch has."""
        return -(-(self.rows // self.batch_size) // size) + (self.rows % self.batch_size > 0)

    @property
    def bytes_per_row(self) -> int:
        """What a sample takes in a batch: inputs, targets and weights."""
        sizes: list[int] = []
        _each(lambda array: sizes.append(array.nbytes), self.sample())
        return sum(sizes)

    def sample(self) -> Batch:
        """A batch of one, the first sample: what there is to know of shapes and types."""
        return self._gather(slice(0, 1))

    def whole(self) -> Batch:
        """All samples, of which an epoch is an `order`."""
        return self._gather(slice(0, len(self._samples)))

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The numbers of the samples of an epoch, counted from 0, in the order in which they come."""
        indices = self._indices(0, self.rows, epoch)
        return np.arange(self.rows) if isinstance(indices, slice) else np.asarray(indices)

    def batch(self, step: int, epoch: int) -> Batch:
        """A batch of an epoch, both counted from 0."""
        start = step * self.batch_size
        return self._gather(self._indices(start, min(start + self.batch_size, self.rows), epoch))

    def stack(self, step: int, size: int, epoch: int) -> tuple[Batch, int]:
        """A stack of batches of an epoch, both counted from 0.

        Returns:
            Arrays (size, batch_size, ...) with the number of batches that count: the last stack of full batches is
            padded to `size`, so that a program compiled for one shape serves all of them. What is left of the samples
            comes last, as one short batch (1, rest, ...).
        """
        full = self.rows // self.batch_size
        first = step * size
        if first >= full:
            return _each(lambda array: array[np.newaxis], self.batch(full, epoch)), 1
        count = min(size, full - first)
        batch = self._gather(self._indices(first * self.batch_size, (first + count) * self.batch_size, epoch))

        def stacked(array: NDArray[Any]) -> NDArray[Any]:
            if count < size:
                padding = np.zeros(((size - count) * self.batch_size, *array.shape[1:]), array.dtype)
                array = np.concatenate([array, padding])
            return array.reshape(size, self.batch_size, *array.shape[1:])

        return _each(stacked, batch), count

    def _indices(self, start: int, stop: int, epoch: int) -> Indices:
        if not self.shuffle:
            return slice(start, stop)
        if self._order is None or self._order[0] != epoch:
            self._order = (epoch, epoch_order(len(self._samples), seed=self._seed, epoch=epoch))
        return self._order[1][start:stop]

    def _gather(self, indices: Indices) -> Batch:
        taken = self._samples.take(indices)
        return taken.inputs, *self._labels.arrange(taken)


def _each(change: Callable[[NDArray[Any]], Any], part: Any) -> Any:
    """The same for every array of a batch, whose form stays."""
    if isinstance(part, dict):
        return {name: _each(change, each) for name, each in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(_each(change, each) for each in part)
    return part if part is None else change(part)
