"""Numbers as vectors: a network learns steps and waves of a number more easily from several numbers made of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.model.layers.decay import mark_decay

__all__ = ["PeriodicEmbedding", "PiecewiseLinearEmbedding"]

keras = startup.load()

ENOUGH = 1_000_000
"""Numbers of a batch of rows that quantiles are found from; of more every second row is left out, until they fit."""


class _NumberEmbedding(keras.layers.Layer):  # type: ignore[name-defined,misc]
    """What has a vector for each of some numbers of `(batch, inputs)`, and passes on the others.

    Args:
        places: Which of the numbers; None for all.
    """

    def __init__(self, places: Sequence[int] | None, **others: Any) -> None:
        super().__init__(**others)
        self.places = None if places is None else [int(place) for place in places]

    def build(self, input_shape: Any) -> None:
        """The weights of `count` numbers."""
        if len(input_shape) != 2 or input_shape[-1] is None:
            raise ValueError(f"it takes vectors (batch, numbers), got the shape {tuple(input_shape)}")
        self.inputs = int(input_shape[-1])
        chosen = range(self.inputs) if self.places is None else self.places
        if any(not 0 <= place < self.inputs for place in chosen):
            raise ValueError(f"places are from 0 to {self.inputs - 1}, got {self.places}")
        self.chosen, self.rest = list(chosen), [place for place in range(self.inputs) if place not in set(chosen)]
        if self.chosen:
            self.build_for(len(self.chosen))
        self.built = True

    def build_for(self, count: int) -> None:
        """Make the weights of so many numbers."""
        raise NotImplementedError

    def embed(self, numbers: Any) -> Any:
        """From `(batch, count)` to `(batch, numbers)`."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        """The vectors one after the other, then the numbers that have none."""
        if not self.chosen:
            return inputs
        if not self.rest:
            return self.embed(inputs)
        numbers, others = (keras.ops.take(inputs, places, axis=1) for places in (self.chosen, self.rest))
        return keras.ops.concatenate([self.embed(numbers), others], axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(batch, numbers)`."""
        count = input_shape[-1] if self.places is None else len(self.places)
        return (input_shape[0], input_shape[-1] + count * (self.width - 1))

    @property
    def width(self) -> int:
        """How many numbers are made of one."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        return {**super().get_config(), "places": self.places}


@keras.saving.register_keras_serializable(package="dlcli")
class PeriodicEmbedding(_NumberEmbedding):
    """Each number x becomes `[cos(2 pi x w1 + b1) W2 + b2, x]` with weights of its own (PBLD of RealMLP).

    Shapes: `(batch, inputs)` to `(batch, inputs * size)`: what was made of all of them, then they themselves.

    Args:
        size: How many numbers each becomes, itself included; 2 or more.
        frequencies: How many waves.
        sigma: The deviation of w1 to begin with: how short waves are.
        rate: The learning rate, relative to the optimizer's.
        decay: The weight decay, relative to the optimizer's.
        places: Which of the inputs; the others come last, as they are. All when None.
    """

    def __init__(
        self,
        size: int = 4,
        frequencies: int = 16,
        sigma: float = 0.1,
        rate: float = 0.1,
        decay: float = 1.0,
        places: Sequence[int] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(places, **others)
        if int(size) < 2 or int(frequencies) < 1 or rate <= 0:
            raise ValueError(f"size is 2 or more, frequencies and rate above 0; got {size}, {frequencies} and {rate}")
        self.size, self.frequencies, self.sigma = int(size), int(frequencies), float(sigma)
        self.rate, self.decay = float(rate), float(decay)

    @property
    def width(self) -> int:
        """How many numbers are made of one."""
        return self.size

    def build_for(self, count: int) -> None:
        """w1 and b1 `(count, frequencies)`, W2 `(count, frequencies, size - 1)`, b2 `(count, size - 1)`."""
        waves, made = self.frequencies, self.size - 1
        near = keras.initializers.RandomUniform(-1 / math.sqrt(waves) / self.rate, 1 / math.sqrt(waves) / self.rate)
        turn = keras.initializers.RandomUniform(-math.pi / self.rate, math.pi / self.rate)
        drawn = keras.initializers.RandomNormal(stddev=self.sigma / self.rate)
        self.frequency = self._weight((count, waves), drawn, "frequency")
        self.phase = self._weight((count, waves), turn, "phase")
        self.kernel = self._weight((count, waves, made), near, "kernel")
        self.bias = self._weight((count, made), near.clone(), "bias")

    def _weight(self, shape: tuple[int, ...], initializer: Any, name: str) -> Any:
        return mark_decay(self.add_weight(shape, initializer, name=name), self.decay)

    def embed(self, numbers: Any) -> Any:
        """From `(batch, count)` to `(batch, count * size)`."""
        ops = keras.ops
        turns = ops.expand_dims(self.frequency * (2 * math.pi * self.rate), 1)
        phases = ops.expand_dims(self.phase * self.rate, 1)
        angles = ops.expand_dims(ops.transpose(numbers), -1) * turns + phases
        # One product for each number, (count, batch, waves) by (count, waves, made): an einsum that ONNX has as MatMul.
        made = ops.matmul(ops.cos(angles), self.kernel * self.rate)
        made = ops.transpose(made, (1, 0, 2)) + self.bias * self.rate
        flat = ops.reshape(made, (-1, len(self.chosen) * (self.size - 1)))
        return ops.concatenate([flat, numbers], axis=1)

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        own = {name: getattr(self, name) for name in ("size", "frequencies", "sigma", "rate", "decay")}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="dlcli")
class PiecewiseLinearEmbedding(_NumberEmbedding):
    """Each number x becomes `u x + v + W e(x)`, where e(x) says how far into each of its bins x has come.

    The bins of a number lie between quantiles of the training rows (version B of rtdl_num_embeddings, W of zeros to
    begin with). Before the first bin and after the last e goes on as a line. Shapes: `(batch, inputs)` to
    `(batch, inputs * size)`.

    Args:
        size: How many numbers each becomes.
        bins: At most so many bins for each number.
        boundaries: For each number its boundaries, ascending, 2 or more; learnt from the training rows when None.
        places: Which of the inputs; the others come last, as they are. All when None.
    """

    def __init__(
        self,
        size: int = 16,
        bins: int = 48,
        boundaries: Sequence[Sequence[float]] | None = None,
        places: Sequence[int] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(places, **others)
        if int(size) < 1 or int(bins) < 1:
            raise ValueError(f"size and bins are 1 or more, got {size} and {bins}")
        self.size, self.bins = int(size), int(bins)
        self.boundaries = None if boundaries is None else [[float(one) for one in each] for each in boundaries]
        self._seen: list[NDArray[np.float32]] = []
        self._step = 1

    @property
    def width(self) -> int:
        """How many numbers are made of one."""
        return self.size

    def reset_state(self) -> None:
        """Forget the rows that were seen."""
        self._seen, self._step = [], 1

    def update_state(self, data: Any) -> None:
        """Take in rows `(rows, inputs)`."""
        self._seen.append(np.asarray(data, np.float32)[:: self._step])
        while sum(each.size for each in self._seen) > ENOUGH:
            self._seen, self._step = [np.concatenate(self._seen)[::2]], self._step * 2

    def finalize_state(self) -> None:
        """Find the boundaries in the rows that were seen."""
        rows = np.concatenate(self._seen)
        self._seen = []
        places = range(rows.shape[1]) if self.places is None else self.places
        levels = np.linspace(0, 1, self.bins + 1)
        self.boundaries = [_boundaries(np.quantile(rows[:, place].astype(np.float64), levels)) for place in places]

    def build_for(self, count: int) -> None:
        """u and v `(count, size)`, W `(count, bins, size)`, and where bins begin and how wide they are."""
        if self.boundaries is None:
            raise ValueError("it has learnt no boundaries")
        if len(self.boundaries) != count or any(len(each) < 2 for each in self.boundaries):
            raise ValueError(f"boundaries are {count} lists of 2 or more numbers")
        most = max(map(len, self.boundaries)) - 1
        self.table = _table(self.boundaries, most)
        near = keras.initializers.RandomUniform(-1 / math.sqrt(self.size), 1 / math.sqrt(self.size))
        self.slope = self.add_weight((count, self.size), near, name="slope")
        self.bias = self.add_weight((count, self.size), near.clone(), name="bias")
        self.kernel = self.add_weight((count, most, self.size), "zeros", name="kernel")

    def embed(self, numbers: Any) -> Any:
        """From `(batch, count)` to `(batch, count * size)`."""
        ops = keras.ops
        starts, slopes, least, most = (ops.convert_to_tensor(each, numbers.dtype) for each in self.table)
        single = ops.expand_dims(numbers, -1)
        inside = ops.minimum(ops.maximum((single - starts) * slopes, least), most)
        made = ops.transpose(ops.matmul(ops.transpose(inside, (1, 0, 2)), self.kernel), (1, 0, 2))
        return ops.reshape(single * self.slope + self.bias + made, (-1, len(self.chosen) * self.size))

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        own = {"size": self.size, "bins": self.bins, "boundaries": self.boundaries}
        return {**super().get_config(), **own}


def _boundaries(quantiles: NDArray[np.float64]) -> list[float]:
    """Quantiles that differ; a number that is always the same has a bin of the width 1."""
    found = [float(each) for each in np.unique(quantiles)]
    return found if len(found) > 1 else [found[0], found[0] + 1.0]


def _table(boundaries: Sequence[Sequence[float]], most: int) -> tuple[NDArray[np.float32], ...]:
    """Of each bin `(count, most)` where it begins, one by its width, and the least and the greatest it gives.

    The first bin goes on below 0 and the last above 1; bins that a number has not are always 0.
    """
    shape = (len(boundaries), most)
    starts, slopes, least, greatest = (np.zeros(shape, np.float32) for _ in range(4))
    endless = np.finfo(np.float32).max
    for place, each in enumerate(boundaries):
        edges = np.asarray(each, np.float64)
        count = len(edges) - 1
        starts[place, :count], slopes[place, :count] = edges[:-1], 1 / np.diff(edges)
        greatest[place, :count] = 1.0
        least[place, 0], greatest[place, count - 1] = -endless, endless
    return starts, slopes, least, greatest
