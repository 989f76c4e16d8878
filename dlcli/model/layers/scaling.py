"""A factor to learn for each number: a network that finds out which of its inputs matter."""

from __future__ import annotations

from typing import Any

from dlcli.backend import startup
from dlcli.model.layers.decay import mark_decay

__all__ = ["Scaling"]

keras = startup.load()


@keras.saving.register_keras_serializable(package="dlcli")
class Scaling(keras.layers.Layer):  # type: ignore[name-defined,misc]
    """`y = s * x` with a factor for each entry of the last axis, 1 to begin with, learnt `rate` times as fast.

    Shapes: `(batch, ..., size)` to the same. The factor is kept as `s / rate`, which Adam moves as it moves all others.

    Args:
        rate: The factor's learning rate, relative to the optimizer's.
        decay: The factor's weight decay, relative to the optimizer's.

    Example:
        >>> Scaling(rate=6)(np.array([[1.0, 2.0]]))  # before training
        array([[1., 2.]], dtype=float32)
    """

    def __init__(self, rate: float = 6.0, decay: float = 1.0, **others: Any) -> None:
        super().__init__(**others)
        if rate <= 0:
            raise ValueError(f"rate must be above 0, got {rate}")
        self.rate, self.decay = float(rate), float(decay)

    def build(self, input_shape: Any) -> None:
        """One weight, `(size,)`."""
        initial = keras.initializers.Constant(1 / self.rate)
        self.factor = mark_decay(self.add_weight((input_shape[-1],), initial, name="factor"), self.decay)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The numbers, scaled."""
        return inputs * (self.factor * self.rate)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        return {**super().get_config(), "rate": self.rate, "decay": self.decay}
