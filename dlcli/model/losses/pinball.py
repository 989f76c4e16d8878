"""The pinball loss: what is least for the quantiles of a distribution, as the squared error is for its mean."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from dlcli.backend import startup

__all__ = ["is_own", "pinball"]


def pinball(
    quantiles: Sequence[float] | None = None,
    reduction: str | None = "sum_over_batch_size",
    name: str | None = "pinball",
) -> Any:
    """The loss, as an object of Keras's: `mean(max(q * (y - p), (q - 1) * (y - p)))` over all quantiles and numbers.

    Targets are `(batch, ..., width)`, and predictions `(batch, ..., width * quantiles)`, the quantiles of a number side
    by side, or `(batch, ..., width, quantiles)`. What masks leave out and samples weigh is Keras's affair, as of each
    of its losses.

    Args:
        quantiles: Between 0 and 1, ascending.
        reduction: As of Keras's losses.
        name: The loss's name.

    Raises:
        ValueError: No quantiles are given.

    Example:
        >>> float(pinball([0.1, 0.9])([[1.0]], [[0.0, 3.0]]))  # (0.1 * 1 + 0.1 * 2) / 2  # doctest: +SKIP
        0.15
    """
    if not quantiles:
        raise ValueError("quantiles must be given where the target says none")
    return _class()(list(quantiles), reduction=reduction, name=name)


def is_own(loss: Any) -> bool:
    """Whether an object is a loss of this room, which plain Keras cannot read from a file."""
    return getattr(type(loss), "__module__", "") == __name__


@functools.cache
def _class() -> type:
    """The class, made once Keras is there."""
    keras = startup.load()
    ops = keras.ops

    class Pinball(keras.losses.Loss):  # type: ignore[name-defined,misc]
        """See `pinball`."""

        def __init__(self, quantiles: list[float], reduction: str | None, name: str | None) -> None:
            super().__init__(name=name, reduction=reduction)
            self.quantiles = quantiles

        def call(self, y_true: Any, y_pred: Any) -> Any:
            """A loss for each place of each sample; where quantiles have an axis, for each number."""
            y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
            shape, count = y_pred.shape, len(self.quantiles)
            deep = len(shape) > len(y_true.shape)
            if not deep:
                y_pred = ops.reshape(y_pred, (-1, *shape[1:-1], shape[-1] // count, count))
            levels = ops.convert_to_tensor(self.quantiles, dtype=y_pred.dtype)
            error = ops.expand_dims(y_true, -1) - y_pred
            values = ops.maximum(levels * error, (levels - 1) * error)
            return ops.mean(values, axis=-1 if deep else (-2, -1))

        def get_config(self) -> dict[str, Any]:
            """As of every loss of Keras's."""
            return {**super().get_config(), "quantiles": self.quantiles}

    return Pinball
