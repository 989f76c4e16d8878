"""Random numbers of what changes batches before Keras's training step: a function of the seed and of the updates.

The number of updates is part of every committed epoch, so nothing else has to be kept for a training that is resumed.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

__all__ = ["CountedSeeds"]


class CountedSeeds(keras.random.SeedGenerator):  # type: ignore[misc]
    """Seeds without a state: of the seed, the number of updates so far, and how many were asked for in this one.

    Args:
        seed: Of all of them.
        model: The model whose optimizer counts the updates: another one in each phase of a training.
    """

    def __init__(self, seed: int, model: Any) -> None:
        # Not Keras's own, which makes the variable that there is to be none of.
        self._first = seed
        self._model = model
        self._asked = 0

    def begin(self) -> None:
        """Another update begins, or the trace of one."""
        self._asked = 0

    def branch(self) -> CountedSeeds:
        """Seeds of their own, which can begin again and again while these go on: others, for each that is asked for."""
        self._asked += 1
        return CountedSeeds(self._first * 31 + self._asked, self._model)

    def next(self, ordered: bool = True) -> Any:
        """The next seed, `(2,)`."""
        self._asked += 1
        dtype = keras.src.backend.random_seed_dtype()
        mine = tf.constant((self._first * 0x9E3779B1 + self._asked * 0x85EBCA6B) & 0x7FFFFFFF, dtype)
        return tf.stack([mine, tf.cast(self._model.optimizer.iterations, dtype)])
