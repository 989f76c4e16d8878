"""Batches of encoded rows, as NumPy slices and as a tf.data data set whose order is a function of seed and epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlcli.data.cache.mapped import take
from dlcli.data.samples.labels import Labels

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["Batches", "epoch_order"]

Batch = tuple[dict[str, NDArray[Any]], Any, Any]
"""Inputs by name, then targets and weights as Keras wants them: an array for one output, a list for several."""


def epoch_order(num_rows: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of the rows in an epoch (counted from 0): a permutation that needs no state to come back to.

    Example:
        >>> sorted(epoch_order(4, seed=7, epoch=0).tolist())
        [0, 1, 2, 3]
    """
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(num_rows)


class Batches:
    """The rows of a split, batch by batch.

    Args:
        inputs: An array (rows, *shape) for each input of the model.
        labels: What each output learns.
        weights: For each output a weight for each row, shape (rows,); None when all are 1.
        batch_size: Rows of a batch; the last one of an epoch holds what is left.
        shuffle: A new order every epoch; else the rows in their order.
        seed: Decides the orders.

    Example:
        >>> labels = Labels({"y": np.array([0, 2, 1], np.int32)}, one_hot={"y": 3})
        >>> batches = Batches(inputs={"x": np.eye(3)}, labels=labels, batch_size=2)
        >>> [targets.tolist() for _, targets, _ in batches.slices()]
        [[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]]]
    """

    def __init__(
        self,
        *,
        inputs: Mapping[str, NDArray[Any]],
        labels: Labels,
        weights: Mapping[str, NDArray[np.float32]] | None = None,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
    ) -> None:
        self.rows = len(next(iter(inputs.values())))
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.epoch = 0
        """The epoch, from 0, whose order the next pass takes; set before it by whoever runs the epochs."""
        self._inputs = dict(inputs)
        self._labels = labels
        self._weights = weights
        self._seed = seed
        self._order: tuple[int, NDArray[np.int64]] | None = None

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return -(-self.rows // self.batch_size)

    def slices(self) -> Iterator[Batch]:
        """One pass over the rows, in the order of `epoch`."""
        return (self._batch(step, self.epoch) for step in range(self.steps))

    def stacks(self, size: int) -> Iterator[tuple[Batch, int]]:
        """One pass over the same batches in the same order, several at a time.

        Yields:
            Arrays (size, batch_size, ...) with the number of batches that count: the last stack of full batches is
            padded to `size`, so that a program compiled for one shape serves all of them. What is left of the rows
            comes last, as one short batch (1, rest, ...).
        """
        return (self._stack(step, size, self.epoch) for step in range(self.num_stacks(size)))

    def num_stacks(self, size: int) -> int:
        """How many stacks of `size` an epoch has."""
        return -(-(self.rows // self.batch_size) // size) + (self.rows % self.batch_size > 0)

    @property
    def bytes_per_row(self) -> int:
        """What a row takes in a batch: inputs, targets and weights."""
        inputs, *parts = _structure(self._gather(slice(0, 1)))
        arrays = [*inputs.values()]
        for part in parts:
            arrays += part if isinstance(part, tuple) else [part]
        return sum(array.nbytes for array in arrays)

    def dataset(self) -> tf.data.Dataset:
        """A data set that gives one pass each time it is iterated, (inputs, targets) or with weights.

        Keras also takes a first batch of it to learn its shapes, which does not count as an epoch.
        """
        return _dataset(lambda step: _structure(self._batch(step, self.epoch)), free=1, length=self.steps)

    def stacked_dataset(self, size: int) -> tf.data.Dataset:
        """A data set of (batch, count) without an end: the `stacks` of `epoch`, of the one after it, and so on.

        `fit` is to be told `steps_per_epoch=num_stacks(size)`; it then keeps one iterator for all epochs. A new one
        for each costs tens of milliseconds, more than an epoch over a small table.
        """
        first, steps = self.epoch, self.num_stacks(size)

        def element(index: int) -> Any:
            nonlocal first
            if index == 0:
                first = self.epoch
            batch, count = self._stack(index % steps, size, first + index // steps)
            return _structure(batch), np.int32(count)

        return _dataset(element, free=2, length=None)

    def stacked_pass(self, size: int) -> tf.data.Dataset:
        """A data set of (batch, count) that gives the `stacks` of one pass each time it is iterated."""

        def element(step: int) -> Any:
            batch, count = self._stack(step, size, self.epoch)
            return _structure(batch), np.int32(count)

        return _dataset(element, free=2, length=self.num_stacks(size))

    def _batch(self, step: int, epoch: int) -> Batch:
        start = step * self.batch_size
        return self._gather(self._rows(start, min(start + self.batch_size, self.rows), epoch))

    def _stack(self, step: int, size: int, epoch: int) -> tuple[Batch, int]:
        full = self.rows // self.batch_size
        first = step * size
        if first >= full:
            return _stack(self._batch(full, epoch), 1), 1
        count = min(size, full - first)
        rows = self._rows(first * self.batch_size, (first + count) * self.batch_size, epoch)
        if count < size:
            rows = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
            rows = np.concatenate([rows, np.zeros((size - count) * self.batch_size, np.int64)])
        return _stack(self._gather(rows), size), count

    def _rows(self, start: int, stop: int, epoch: int) -> NDArray[np.int64] | slice:
        if not self.shuffle:
            return slice(start, stop)
        if self._order is None or self._order[0] != epoch:
            self._order = (epoch, epoch_order(self.rows, seed=self._seed, epoch=epoch))
        return self._order[1][start:stop]

    def _gather(self, rows: NDArray[np.int64] | slice) -> Batch:
        inputs = {name: take(array, rows) for name, array in self._inputs.items()}
        targets = [self._labels.take(name, rows) for name in self._labels.arrays]
        if self._weights is None:
            return inputs, _single(targets), None
        return inputs, _single(targets), _single([take(self._weights[name], rows) for name in self._labels.arrays])


def _single(values: list[NDArray[Any]]) -> Any:
    return values[0] if len(values) == 1 else values


def _structure(batch: Batch) -> Any:
    """A batch as TensorFlow reads it: a tuple is a structure, a list would be one tensor; no weights, no third part."""
    inputs, targets, weights = batch
    parts = (targets,) if weights is None else (targets, weights)
    return (inputs, *(tuple(part) if isinstance(part, list) else part for part in parts))


def _stack(batch: Batch, size: int) -> Batch:
    """Rows (size * batch, ...) as (size, batch, ...), in every array."""

    def stack(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: stack(each) for name, each in part.items()}
        if isinstance(part, list):
            return [stack(each) for each in part]
        return part if part is None else part.reshape(size, len(part) // size, *part.shape[1:])

    inputs, targets, weights = batch
    return stack(inputs), stack(targets), stack(weights)


def _dataset(element: Callable[[int], Any], *, free: int, length: int | None) -> tf.data.Dataset:
    """A data set of element(0), element(1), ...; the first `free` dimensions of every array may vary.

    NumPy gathers an element while the one before is trained on. Python's generators would do it too, and take ten
    times longer to start.

    Args:
        element: Makes a structure of arrays.
        free: How many leading dimensions vary from element to element.
        length: How many elements; None for no end.
    """
    import tensorflow as tf

    def signature(array: NDArray[Any] | np.generic) -> tf.TensorSpec:
        return tf.TensorSpec((None,) * min(free, array.ndim) + array.shape[free:], array.dtype)

    structure = tf.nest.map_structure(signature, element(0))
    parts = tf.nest.flatten(structure)

    def load(index: tf.Tensor) -> Any:
        tensors = tf.numpy_function(
            lambda index: tf.nest.flatten(element(int(index))), [index], [part.dtype for part in parts]
        )
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.set_shape(part.shape)
        return tf.nest.pack_sequence_as(structure, tensors)

    indices = tf.data.Dataset.counter() if length is None else tf.data.Dataset.range(length)
    return indices.map(load).prefetch(2)
