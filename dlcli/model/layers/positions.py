"""Positions in a sequence: layers of our own that are made of Keras's, for the shape that comes in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcli.backend import startup

__all__ = ["PositionEmbedding", "SinePositionEncoding", "sines", "zeros_of"]


class PositionEmbedding:
    """Learnt vectors `(steps, size)`, given for every sample of a sequence `(batch, steps, size)`.

    The vectors are the `beta` of a `LayerNormalization` that is applied to zeros: no layer of Keras's holds a table
    that no input chooses from, and this one hands the mask of padding on.

    Args:
        sequence_length: The most steps that may come in.
        initializer: Of the vectors.
        name: The layer's name.
    """

    def __init__(self, sequence_length: int | None = None, initializer: Any = "glorot_uniform", name: str = "") -> None:
        self.name = name
        self._most = sequence_length
        self._initializer = initializer
        self._zeros: Any = None
        self._layer: Any = None

    def call(self, inputs: Any) -> Any:
        """The vectors, `(batch, steps, size)`.

        Raises:
            ValueError: No sequence comes in, or a longer one.
        """
        keras = startup.load()
        steps, _ = _sequence(inputs)
        if self._most is not None and steps > self._most:
            raise ValueError(f"sequence_length is {self._most}, and {steps} steps come in")
        if self._layer is None:
            self._zeros = keras.layers.Rescaling(0.0, name=zeros_of(self.name))
            self._layer = keras.layers.LayerNormalization(
                axis=[1, 2], scale=False, beta_initializer=self._initializer, name=self.name
            )
        return self._layer(self._zeros(inputs))

    __call__ = call

    @property
    def trainable(self) -> bool:
        """Whether the vectors learn; once it was called."""
        return bool(self._layer.trainable)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._layer.trainable = value


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
        if self._layer is None:
            waves = sines(*_sequence(inputs), longest=self._longest)
            self._layer = keras.layers.Rescaling(0.0, offset=waves, name=self.name)
        return self._layer(inputs)

    __call__ = call
    trainable = False  # there is nothing to learn, whatever is said


def zeros_of(name: str) -> str:
    """What the layer is called that makes the zeros for a layer of our own; nobody has written it."""
    return f"{name}_zeros"


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
