"""Keras's losses and metrics over predictions, in NumPy: what evaluating without TensorFlow needs.

Each is Keras's formula, computed in float64 from float32 predictions, and held to Keras by a test. What is not here is
left to Keras: measures that depend on Keras's own float32 sums, such as AUC and R2, and those that few people use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.config.schema.component import Component, normal_name

__all__ = ["CROSSENTROPIES", "LOSSES", "Measure", "find_metric"]

Floats = NDArray[np.float64]
Loss = Callable[..., Floats]

EPSILON = 1e-7
"""Keras's `epsilon()`."""


def _squared(true: Floats, predicted: Floats) -> Floats:
    return np.asarray(((true - predicted) ** 2).mean(axis=-1))


def _absolute(true: Floats, predicted: Floats) -> Floats:
    return np.asarray(np.abs(true - predicted).mean(axis=-1))


def _percentage(true: Floats, predicted: Floats) -> Floats:
    return np.asarray(100 * np.abs((true - predicted) / np.maximum(np.abs(true), EPSILON)).mean(axis=-1))


def _logarithmic(true: Floats, predicted: Floats) -> Floats:
    logs = np.log(np.maximum(predicted, EPSILON) + 1), np.log(np.maximum(true, EPSILON) + 1)
    return np.asarray(((logs[0] - logs[1]) ** 2).mean(axis=-1))


def _huber(true: Floats, predicted: Floats, delta: float = 1.0) -> Floats:
    error = np.abs(true - predicted)
    return np.asarray(np.where(error <= delta, 0.5 * error**2, delta * error - 0.5 * delta**2).mean(axis=-1))


def _binary(true: Floats, logits: Floats) -> Floats:
    return np.asarray((np.maximum(logits, 0) - logits * true + np.log1p(np.exp(-np.abs(logits)))).mean(axis=-1))


def _categorical(true: Floats, logits: Floats) -> Floats:
    return np.asarray((true * (_log_sum(logits)[:, np.newaxis] - logits)).sum(axis=-1))


def _sparse(true: Floats, logits: Floats) -> Floats:
    indices = true.reshape(len(true), 1).astype(np.int64)
    return np.asarray(_log_sum(logits) - np.take_along_axis(logits, indices, axis=1)[:, 0])


def _log_sum(logits: Floats) -> Floats:
    largest = logits.max(axis=1)
    return np.asarray(largest + np.log(np.exp(logits - largest[:, np.newaxis]).sum(axis=1)))


CROSSENTROPIES: dict[str, Loss] = {
    "binarycrossentropy": _binary,
    "categoricalcrossentropy": _categorical,
    "sparsecategoricalcrossentropy": _sparse,
}
"""Losses of raw scores, `(rows, units)`, each `(rows,)`."""

LOSSES: dict[str, Loss] = {
    "huber": _huber,
    "meanabsoluteerror": _absolute,
    "meanabsolutepercentageerror": _percentage,
    "meansquarederror": _squared,
    "meansquaredlogarithmicerror": _logarithmic,
}
"""Losses of predictions, `(rows, width)`, each `(rows,)`; also metrics, as their mean."""


class Measure:
    """A metric as two running sums: the value is their quotient, or what `finish` makes of it.

    Args:
        sums: From true values and predictions to what is added to the sums.
        finish: From the quotient to the metric.
    """

    def __init__(
        self, sums: Callable[[Floats, Floats], tuple[float, float]], finish: Callable[[float], float] = float
    ) -> None:
        self._sums, self._finish = sums, finish
        self._over = self._under = 0.0

    def add(self, true: Floats, predicted: Floats) -> None:
        """Take in some rows."""
        over, under = self._sums(true, predicted)
        self._over, self._under = self._over + over, self._under + under

    def result(self) -> float:
        """The metric; 0 of nothing, as in Keras."""
        return self._finish(self._over / self._under) if self._under else 0.0


def find_metric(component: Component, *, units: int, sparse: bool) -> Measure | None:
    """The measure of a metric; None when it is one for Keras.

    Args:
        component: The metric.
        units: Size of the output's last dimension.
        sparse: The target reaches it as class indices.
    """
    name = normal_name(component)
    arguments = {key: value for key, value in component.arguments.items() if key != "name"}
    if name == "accuracy" and not arguments:
        name = "binaryaccuracy" if units == 1 else "sparsecategoricalaccuracy" if sparse else "categoricalaccuracy"
    if name == "binaryaccuracy" and set(arguments) <= {"threshold"} and not sparse:
        return _binary_accuracy(arguments)
    if arguments:
        return None
    if name in LOSSES and not sparse and name != "huber":
        loss = LOSSES[name]
        return Measure(lambda true, predicted: (float(loss(true, predicted).sum()), len(true)))
    match name:
        case "sparsecategoricalaccuracy" if sparse:
            return Measure(lambda true, predicted: (float((true.reshape(-1) == _best(predicted)).sum()), len(true)))
        case "categoricalaccuracy" if not sparse and units > 1:
            return Measure(lambda true, predicted: (float((_best(true) == _best(predicted)).sum()), len(true)))
        case "rootmeansquarederror" if not sparse:
            return Measure(lambda true, predicted: (float(((true - predicted) ** 2).sum()), true.size), np.sqrt)
        case "precision" if not sparse:
            return Measure(lambda true, predicted: (_hits(true, predicted), float((predicted > 0.5).sum())))
        case "recall" if not sparse:
            return Measure(lambda true, predicted: (_hits(true, predicted), float(true.astype(bool).sum())))
        case _:
            return None


def _binary_accuracy(arguments: Mapping[str, Any]) -> Measure:
    threshold = np.float32(arguments.get("threshold", 0.5))
    return Measure(lambda true, predicted: (float(((predicted > threshold) == true).sum()), true.size))


def _best(scores: Floats) -> NDArray[np.int64]:
    return np.asarray(scores.argmax(axis=-1))


def _hits(true: Floats, predicted: Floats) -> float:
    return float(((predicted > 0.5) & true.astype(bool)).sum())
