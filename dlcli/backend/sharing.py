"""A model whose call is shared by workers, so that Keras's own training step gives the numbers of one process.

Every worker runs the step on the whole batch; the call of the model within it, which is nearly all of the work, takes
the worker's share of the rows, and the outputs of all are put together again:

    whole batch -> share of the rows -> the model's own call -> outputs of all workers -> loss and metrics of the batch

So losses, metrics, masks and weights are those of the whole batch by whatever formula, on every worker alike. The
gradient of the loss goes back into each worker's share, and what the shares say of the weights is summed before the
optimizer sees it. Statistics of BatchNormalization are taken over the shares of all. What is random in the call is
drawn by each worker for its own rows.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlcli.backend.workers import Group

__all__ = ["mixes_rows", "shared", "summing"]

APART = 1_000_003
"""By how much the seeds of a worker's layers differ from those of the one before."""


@contextlib.contextmanager
def shared(model: Any, group: Group) -> Iterator[None]:
    """While it lasts, the model's call is shared; what was traced before or within is forgotten.

    Args:
        model: A built and compiled model, `summing` its gradients. Its weights become the first worker's.
        group: The workers.
    """
    for variable in (*model.variables, *model.optimizer.variables):
        if tf.as_dtype(variable.dtype).is_floating:
            variable.assign(group.first(np.asarray(variable)))
    _draw_apart(model, group.rank)
    sharing = _Sharing(model, group)
    model.call = sharing.call
    model._get_regularization_losses = sharing.regularization
    model._aggregate_additional_loss = sharing.additional
    normalizing = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in normalizing:
        layer._moments = sharing.moments(layer)
    try:
        yield
    finally:
        for name in ("call", "_get_regularization_losses", "_aggregate_additional_loss"):
            delattr(model, name)
        for layer in normalizing:
            del layer._moments
        model.train_function = model.test_function = model.predict_function = None


def summing(model: Any, group: Group) -> None:
    """Make the training step apply the sum of the gradients of all workers, by the optimizer of the moment.

    Args:
        model: A compiled model.
        group: The workers.
    """
    step = model.train_step

    @functools.wraps(step)
    def train_step(data: Any) -> Any:
        apply = model.optimizer.apply
        model.optimizer.apply = lambda gradients, variables=None: apply(_sums(gradients, group), variables)
        try:
            return step(data)
        finally:
            del model.optimizer.apply

    model.train_step = train_step


def mixes_rows(model: Any, inputs: Mapping[str, Any]) -> bool:
    """Whether what the model gives for a row depends on the other rows of the batch, even when it does not learn.

    Args:
        model: A built model.
        inputs: A batch; of a single row nothing can be told.
    """
    half = {name: array[: max(len(array) // 2, 1)] for name, array in inputs.items()}
    whole, part = (tf.nest.flatten(model(each, training=False)) for each in (inputs, half))
    return any(
        not np.allclose(np.asarray(some), np.asarray(all_)[: len(some)], rtol=1e-2, atol=1e-3, equal_nan=True)
        for all_, some in zip(whole, part, strict=True)
    )


def _draw_apart(model: Any, rank: int) -> None:
    """Let the layers of each worker draw other numbers: they draw for other rows."""
    for layer in model._flatten_layers():
        for value in vars(layer).values():
            if isinstance(value, keras.random.SeedGenerator):
                state = np.array(value.state)
                state[0] += np.asarray(rank * APART).astype(state.dtype)
                value.state.assign(state)


def _sums(gradients: Sequence[Any], group: Group) -> list[Any]:
    """The gradients of all workers, summed in one operation for each type of number."""
    dense: list[Any] = [None if each is None else tf.convert_to_tensor(each) for each in gradients]
    sums = list(dense)
    for dtype in dict.fromkeys(each.dtype for each in dense if each is not None):
        places = [place for place, each in enumerate(dense) if each is not None and each.dtype == dtype]
        flat = group.sum(tf.concat([tf.reshape(dense[place], [-1]) for place in places], 0))
        sizes = [int(np.prod(dense[place].shape)) for place in places]
        for place, part in zip(places, tf.split(flat, sizes), strict=True):
            sums[place] = tf.reshape(part, dense[place].shape)
    return sums


class _Sharing:
    """What of a model is another while it is shared.

    `rows` says of the call that is traced: the rows of the batch, the first of this worker's share, how many it has,
    and how many it computes: one at least, as not all layers can do with none.
    """

    def __init__(self, model: Any, group: Group) -> None:
        self._group = group
        self._call = model.call
        self._regularization = model._get_regularization_losses
        self._aggregate = model._aggregate_additional_loss
        self._apart: set[int] = set()
        self._batch: Any = None
        self._first: Any = None
        self._own: Any = None
        self._computed: Any = None

    def call(self, inputs: Any, *arguments: Any, **named: Any) -> Any:
        """The model's call."""
        batch = tf.shape(tf.nest.flatten(inputs)[0])[0]
        rank, size = self._group.rank, self._group.size
        start, stop = batch * rank // size, batch * (rank + 1) // size
        first = tf.minimum(start, tf.maximum(batch - 1, 0))
        computed = tf.maximum(stop - start, 1)
        self._batch, self._first, self._own, self._computed = batch, start, stop - start, computed
        share = tf.nest.map_structure(lambda each: each[first : first + computed], inputs)
        outputs = self._call(share, *arguments, **named)
        return tf.nest.map_structure(self._whole, outputs)

    def _whole(self, output: Any) -> Any:
        """An output of all workers, with its mask."""
        mask = keras.src.backend.get_keras_mask(output)
        whole = self._together(output)
        if mask is not None:
            marks = self._placed(tf.cast(mask, tf.float32))
            keras.src.backend.set_keras_mask(whole, tf.cast(self._group.sum(marks), tf.bool))
        return whole

    def _placed(self, share: Any) -> Any:
        """The rows of the share in their places in a batch of zeros."""
        around = [[self._first, self._batch - self._first - self._own], *[[0, 0]] * (share.shape.rank - 1)]
        return tf.pad(share[: self._own], around)

    def _together(self, share: Any) -> Any:
        first, own, computed = self._first, self._own, self._computed

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def together(share: Any) -> tuple[Any, Callable[[Any], Any]]:
            def gradient(whole: Any) -> Any:
                around = [[0, computed - own], *[[0, 0]] * (whole.shape.rank - 1)]
                return tf.pad(whole[first : first + own], around)

            whole = self._group.sum(self._placed(share))
            whole.set_shape((None, *share.shape[1:]))
            return whole, gradient

        return together(share)

    def regularization(self) -> list[Any]:
        """The losses of the weights, which are the same on every worker: each gives its part of the gradient."""
        losses = [_with_gradient(loss, loss, 1 / self._group.size) for loss in self._regularization()]
        self._apart = {id(loss) for loss in losses}
        return losses

    def additional(self, loss: Any) -> Any:
        """What a layer adds to the loss, a mean over the rows that it sees: that of the batch from those of shares."""
        if id(loss) in self._apart:
            return self._aggregate(loss)
        loss = self._aggregate(loss)
        share = tf.cast(self._own, loss.dtype) / tf.cast(self._batch, loss.dtype)
        return _with_gradient(loss, self._group.sum(loss * share), share)

    def moments(self, layer: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
        """The means and variances of a BatchNormalization over the rows of all workers."""

        def moments(inputs: Any, mask: Any) -> tuple[Any, Any]:
            values = tf.cast(inputs, tf.float32)
            rows = tf.shape(values)[0]
            real = tf.range(rows) * self._computed < rows * self._own
            weights = tf.reshape(real, [-1, *[1] * (values.shape.rank - 1)])
            if mask is not None:
                weights = tf.logical_and(weights, tf.expand_dims(tf.cast(mask, tf.bool), -1))
            weights = tf.broadcast_to(tf.cast(weights, tf.float32), tf.shape(values))
            axes, spare = layer._reduction_axes, 0.0 if mask is None else keras.config.epsilon()
            sums = self._over_all([tf.reduce_sum(values * weights, axes), tf.reduce_sum(weights, axes)])
            mean, count = sums[0] / (sums[1] + spare), sums[1] + spare
            shape = [1 if axis in axes else -1 for axis in range(values.shape.rank)]
            far = tf.square(values - tf.reshape(mean, shape)) * weights
            (squares,) = self._over_all([tf.reduce_sum(far, axes)])
            return tf.cast(mean, inputs.dtype), tf.cast(squares / count, inputs.dtype)

        return moments

    def _over_all(self, parts: list[Any]) -> list[Any]:
        """Sums over the workers, whose gradients are sums over the workers too."""

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def over_all(stack: Any) -> tuple[Any, Callable[[Any], Any]]:
            return self._group.sum(stack), self._group.sum

        return tf.unstack(over_all(tf.stack(parts)))  # type: ignore[no-any-return]


def _with_gradient(loss: Any, value: Any, share: Any) -> Any:
    """A value that passes on a share of its gradient to the loss that it stands for."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def scaled(loss: Any) -> tuple[Any, Callable[[Any], Any]]:
        return tf.identity(tf.stop_gradient(value)), lambda upstream: upstream * tf.cast(share, upstream.dtype)

    return scaled(loss)
