"""Positions in a sequence: layers of our own that are made of Keras's, for the shape that comes in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup

__all__ = ["PositionEmbedding", "SinePositionEncoding", "sines"]


class PositionEmbedding:
    """Learnt vectors `(steps, size)`, given for every sample of a sequence `(batch, steps, size)`.

    The vectors are the kernel of an `EinsumDense` that is applied to ones: no layer of Keras's holds a table that no
    input chooses from.

    Args:
        sequence_length: The most steps that may come in.
        initializer: Of the vectors.
        name: The layer's name.
    """

    def __init__(self, sequence_length: int | None = None, initializer: Any = "glorot_uniform", name: str = "") -> None:
        self.name = name
        self._most = sequence_length
        self._initializer = initializer
        self._layer: Any = None

    def call(self, inputs: Any) -> Any:
        """The vectors, `(batch, steps, size)`.

        Raises:
            ValueError: No sequence comes in, or a longer one.
        """
        keras = startup.load()
        steps, size = _sequence(inputs)
        if self._most is not None and steps > self._most:
            raise ValueError(f"sequence_length is {self._most}, and {steps} steps come in")
        if self._layer is None:
            self._layer = keras.layers.EinsumDense(
                "abc,bc->abc", output_shape=(steps, size), kernel_initializer=self._initializer, name=self.name
            )
        return _masked_as(inputs, self._layer(keras.ops.ones_like(inputs)))

    __call__ = call


class SinePositionEncoding:
    """Sines and cosines `(steps, size)`, given for every sample of a sequence `(batch, steps, size)`.

    Args:
        max_wavelength: The longest wave, in steps.
        name: The layer's name.
    """

    def __init__(self, max_wavelength: float = 10_000, name: str = "") -> None:
        self.name = name
        self._longest = float(max_wavelength)
        self._layer: Any = None

    def call(self, inputs: Any) -> Any:
        """The waves, `(batch, steps, size)`.

        Raises:
            ValueError: No sequence comes in.
        """
        keras = startup.load()
        waves = sines(*_sequence(inputs), longest=self._longest)
        if self._layer is None:
            self._layer = keras.layers.Identity(name=self.name)  # Keras names outputs after layers
        return self._layer(_masked_as(inputs, keras.ops.ones_like(inputs) * keras.ops.cast(waves, inputs.dtype)))

    __call__ = call


def sines(steps: int, size: int, *, longest: float = 10_000) -> NDArray[np.float32]:
    """The sine of each position at even places and the cosine at odd ones, as in "Attention is all you need".

    Example:
        >>> sines(2, 2).round(4).tolist()
        [[0.0, 1.0], [0.8414999961853027, 0.5403000116348267]]
    """
    places = np.arange(size)
    angles = np.arange(steps)[:, None] / longest ** ((places // 2) * 2 / size)
    return np.where(places % 2 == 0, np.sin(angles), np.cos(angles)).astype(np.float32)


def _sequence(inputs: Any) -> tuple[int, int]:
    shape = tuple(inputs.shape)
    if len(shape) != 3 or None in shape[1:]:
        raise ValueError(f"it takes sequences (batch, steps, size) of a fixed length, got the shape {shape}")
    return shape[1], shape[2]


def _masked_as(inputs: Any, outputs: Any) -> Any:
    """What was padding stays padding; an operation does not hand the mask on."""
    mask = getattr(inputs, "_keras_mask", None)
    if mask is not None:
        outputs._keras_mask = mask
    return outputs
