"""Keras's losses and metrics over predictions, in NumPy: what evaluating without TensorFlow needs.

Each is Keras's formula, computed in float64 from float32 predictions, and held to Keras by a test. What is not here is
left to Keras: measures that depend on Keras's own float32 sums, such as AUC and R2, and those that few people use.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema.component import Component, normal_name

__all__ = ["MEASURES", "Mean", "find_mean"]

Floats = NDArray[np.float64]
Rows = Callable[..., Any]

EPSILON = 1e-7
"""Keras's `epsilon()`."""


@dataclasses.dataclass(frozen=True)
class Measure:
    """A loss or a metric: the mean of a number for each row, or for each place of each row.

    Args:
        rows: From true values and predictions to `(rows, *axes)`.
        role: Whether it is known as a loss or as a metric alone.
        index: It takes the classes of the target as indices.
        scores: It takes raw scores, not what a sigmoid or softmax made of them.
        options: Arguments of Keras's that `rows` takes too.
        among: Where the mean is not over all rows: from true values and predictions to what each counts.
        finish: What is made of the mean.
    """

    rows: Rows
    role: Literal["loss", "metric", "both"] = "both"
    index: bool = False
    scores: bool = False
    options: tuple[str, ...] = ()
    among: Rows | None = None
    finish: Callable[[float], float] = float


def _squared(true: Floats, predicted: Floats) -> Any:
    return ((true - predicted) ** 2).mean(axis=-1)


def _absolute(true: Floats, predicted: Floats) -> Any:
    return np.abs(true - predicted).mean(axis=-1)


def _percentage(true: Floats, predicted: Floats) -> Any:
    return 100 * np.abs((true - predicted) / np.maximum(np.abs(true), EPSILON)).mean(axis=-1)


def _logarithmic(true: Floats, predicted: Floats) -> Any:
    return _squared(np.log(np.maximum(true, EPSILON) + 1), np.log(np.maximum(predicted, EPSILON) + 1))


def _huber(true: Floats, predicted: Floats, delta: float = 1.0) -> Any:
    error = np.abs(true - predicted)
    return np.where(error <= delta, 0.5 * error**2, delta * error - 0.5 * delta**2).mean(axis=-1)


def _pinball(true: Floats, predicted: Floats, quantiles: Sequence[float] = (0.5,)) -> Any:
    levels = np.asarray(quantiles, np.float64)
    deep = predicted.ndim > true.ndim
    apart = predicted if deep else predicted.reshape(*predicted.shape[:-1], -1, len(levels))
    error = true[..., np.newaxis] - apart
    return np.maximum(levels * error, (levels - 1) * error).mean(axis=-1 if deep else (-2, -1))


def _binary(true: Floats, logits: Floats) -> Any:
    return (np.maximum(logits, 0) - logits * true + np.log1p(np.exp(-np.abs(logits)))).mean(axis=-1)


def _categorical(true: Floats, logits: Floats) -> Any:
    return (true * (_log_sum(logits) - logits)).sum(axis=-1)


def _sparse(true: Floats, logits: Floats) -> Any:
    indices = true.reshape(*logits.shape[:-1], 1).astype(np.int64)
    return (_log_sum(logits) - np.take_along_axis(logits, indices, axis=-1))[..., 0]


def _log_sum(logits: Floats) -> Floats:
    largest = logits.max(axis=-1, keepdims=True)
    return np.asarray(largest + np.log(np.exp(logits - largest).sum(axis=-1, keepdims=True)))


def _same_side(true: Floats, predicted: Floats, threshold: float = 0.5) -> Any:
    return ((predicted > np.float32(threshold)) == true).mean(axis=-1)


def _hits(true: Floats, predicted: Floats) -> Any:
    return ((predicted > 0.5) & true.astype(bool)).sum(axis=-1)


MEASURES: dict[str, Measure] = {
    "binarycrossentropy": Measure(_binary, "loss", scores=True),
    "categoricalcrossentropy": Measure(_categorical, "loss", scores=True),
    "sparsecategoricalcrossentropy": Measure(_sparse, "loss", scores=True, index=True),
    "pinball": Measure(_pinball, "loss", options=("quantiles",)),
    "huber": Measure(_huber, "loss", options=("delta",)),
    "meanabsoluteerror": Measure(_absolute),
    "meanabsolutepercentageerror": Measure(_percentage),
    "meansquarederror": Measure(_squared),
    "meansquaredlogarithmicerror": Measure(_logarithmic),
    "rootmeansquarederror": Measure(_squared, "metric", finish=np.sqrt),
    "binaryaccuracy": Measure(_same_side, "metric", options=("threshold",)),
    "categoricalaccuracy": Measure(lambda true, scores: true.argmax(axis=-1) == scores.argmax(axis=-1), "metric"),
    "sparsecategoricalaccuracy": Measure(
        lambda true, scores: true.reshape(scores.shape[:-1]) == scores.argmax(axis=-1), "metric", index=True
    ),
    "precision": Measure(_hits, "metric", among=lambda true, scores: (scores > 0.5).sum(axis=-1)),
    "recall": Measure(_hits, "metric", among=lambda true, scores: true.astype(bool).sum(axis=-1)),
}


class Mean:
    """A measure over rows that come in parts.

    Args:
        measure: The measure.
        options: Arguments of `rows`.
    """

    def __init__(self, measure: Measure, options: Mapping[str, Any]) -> None:
        self._measure, self._options = measure, options
        self.scores = measure.scores
        self._sum = self._count = 0.0

    def add(self, true: Floats, predicted: Floats, weights: NDArray[Any] | None = None) -> float:
        """Take in some rows; the mean over their places."""
        values = np.asarray(self._measure.rows(true, predicted, **self._options))
        if weights is not None:  # of each row, whatever places it has
            values = values * weights.reshape(*weights.shape, *(1 for _ in range(values.ndim - weights.ndim)))
        total = float(values.sum())
        among = self._measure.among
        self._sum += total
        self._count += values.size if among is None else float(among(true, predicted).sum())
        return total / max(values.size, 1)

    def result(self) -> float:
        """The measure; 0 of nothing, as in Keras."""
        return float(self._measure.finish(self._sum / self._count)) if self._count else 0.0


def find_mean(component: Component, role: Literal["loss", "metric"], *, units: int, index: bool) -> Mean | None:
    """A loss or metric, of no rows yet; None when it is one for Keras.

    Args:
        component: The loss or metric.
        role: Which it is.
        units: Size of the output's last dimension.
        index: The classes of the target reach it as indices.
    """
    name = normal_name(component)
    arguments = {key: value for key, value in component.arguments.items() if key != "name"}
    if name == "accuracy" and not arguments:
        name = "binaryaccuracy" if units == 1 else "sparsecategoricalaccuracy" if index else "categoricalaccuracy"
    measure = MEASURES.get(name)
    if measure is None or measure.role not in (role, "both") or measure.index != index:
        return None
    options = {key: arguments[key] for key in measure.options if key in arguments}
    told = {*options, "from_logits"} if measure.scores else {*options}
    if arguments.keys() - told or (name == "categoricalaccuracy" and units == 1):
        return None
    return Mean(measure, options)
