"""What a metric is shown (`dlcli.config.outputs.metric_views`), in NumPy: as Keras's own are in training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.outputs.metric_views import MetricView
from dlcli.trained.decoding import sigmoid, softmax

__all__ = ["see"]

Floats = NDArray[np.float64]


def see(view: MetricView | None, true: Floats, predicted: NDArray[Any]) -> tuple[Floats, Floats]:
    """The targets and the predictions of some rows, as a metric is to see them.

    Args:
        view: The view; None for Keras's own.
        true: The targets, as the loss takes them.
        predicted: The output, `(rows, units)` in float32.
    """
    if view is None:
        return true, predicted.astype(np.float64)
    return _target(true, view), _predicted(predicted, view).astype(np.float64)


def _predicted(values: NDArray[Any], view: MetricView) -> NDArray[Any]:
    if view.quantiles:
        apart = values if view.deep else values.reshape(*values.shape[:-1], -1, view.quantiles)
        return np.asarray(np.sort(apart, axis=-1)[..., view.middle])
    if view.first:
        values = values[..., : view.first]
    if view.link is not None:
        values = sigmoid(values) if view.link == "sigmoid" else softmax(values)
    if view.expand is not None:
        first = 1 - values if view.expand == "probabilities" else np.zeros_like(values)
        values = np.concatenate([first, values], axis=-1)
    return np.asarray(values.argmax(axis=-1)) if view.choose else values


def _target(values: Floats, view: MetricView) -> Floats:
    if view.target is None:
        return values
    along = values.ndim > 1 + view.places
    if view.target == "column":
        return values if along else values[..., np.newaxis]
    several = along and values.shape[-1] != 1
    indices = values.argmax(axis=-1) if several else (values[..., 0] if along else values).astype(np.int64)
    return np.asarray(indices if view.target == "index" else np.eye(view.depth)[indices], np.float64)
