"""The weights of the best epoch, kept by the program that trains: Python need not look at the model after each."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dlcli.backend import engine

__all__ = ["Kept", "Watch"]


@dataclasses.dataclass(frozen=True, slots=True)
class Watch:
    """When an epoch is the best so far.

    Args:
        name: The log that is looked at.
        largest: Whether the largest is best, and not the smallest.
        least: By how much a better one has to be better.
        last: Whether the last of several that are as good is the best, and not the first.
    """

    name: str
    largest: bool
    least: float = 0.0
    last: bool = False


class Kept:
    """The weights of the best epoch so far: part of what a program changes, so that going back is going back with them.

    Args:
        model: Whose weights.
        watch: Which epoch is the best.
    """

    def __init__(self, model: Any, watch: Watch) -> None:
        self.watch, self._model = watch, model
        self._any = keras.Variable(False, dtype="bool", trainable=False, name="any")
        self._best = keras.Variable(0.0, dtype="float64", trainable=False, name="best")
        self._weights = [keras.Variable(each, dtype=each.dtype, trainable=False) for each in model.weights]

    @classmethod
    def of(cls, model: Any, watch: Watch) -> Kept:
        """The one that the programs of a model have."""
        programs, key = engine.programs(model), ("kept", watch)
        if key not in programs:
            programs[key] = cls(model, watch)
            programs[engine.OWN] = [*programs.get(engine.OWN, ()), *programs[key].variables]
        kept: Kept = programs[key]
        return kept

    @property
    def variables(self) -> list[Any]:
        """What it changes."""
        return [self._any, self._best, *self._weights]

    def begin(self, best: float | None, weights: Sequence[NDArray[Any]] | None) -> None:
        """Begin with what was the best before.

        Args:
            best: Its log; None where there was no epoch.
            weights: Its weights, as `model.get_weights()` gives them.
        """
        self._any.assign(best is not None)
        self._best.assign(0.0 if best is None else best)
        for variable, value in zip(self._weights, weights or (), strict=weights is not None):
            variable.assign(value)

    def weights(self) -> list[NDArray[Any]]:
        """Those of the best epoch, as `model.get_weights()` gives them."""
        return [np.array(variable.numpy()) for variable in self._weights]

    def look(self, logs: Mapping[str, Any]) -> None:
        """Keep the weights if they are the best: traced, at the end of an epoch.

        A log that is no number is the worst there is; so it is for the callback.

        Args:
            logs: Of the epoch.
        """
        if self.watch.name not in logs:
            return
        value = tf.cast(logs[self.watch.name], tf.float64)
        worst = tf.constant(-math.inf if self.watch.largest else math.inf, tf.float64)
        value = tf.where(tf.math.is_finite(value), value, worst)
        best = self._best.value
        if self.watch.largest:
            better = _single(value - self.watch.least) > _single(best)
        else:
            better = _single(value + self.watch.least) < _single(best)
        if self.watch.last:
            better = tf.logical_or(better, tf.equal(value, best))
        better = tf.logical_or(better, tf.logical_not(self._any.value))
        # No branches: in one thread TensorFlow may wait for another to take one, for ever where there is none.
        self._best.assign(tf.where(better, value, best))
        for kept, weight in zip(self._weights, self._model.weights, strict=True):
            kept.assign(tf.where(better, weight.value, kept.value))
        self._any.assign(True)


def _single(number: Any) -> Any:
    """As Keras's callbacks compare."""
    return tf.cast(number, tf.float32)
