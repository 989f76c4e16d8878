"""An activation of which each number learns how much it takes."""

from __future__ import annotations

from typing import Any

from dlcli.backend import startup
from dlcli.model.layers.decay import mark_decay

__all__ = ["ParametricActivation"]

keras = startup.load()


@keras.saving.register_keras_serializable(package="dlcli")
class ParametricActivation(keras.layers.Layer):  # type: ignore[name-defined,misc]
    """`y = x + a * (f(x) - x)` with an `a` to learn for each entry of the last axis, 1 to begin with.

    Shapes: `(batch, ..., size)` to the same.

    Args:
        activation: The f.
        rate: The learning rate of a, relative to the optimizer's.
        decay: The weight decay of a, relative to the optimizer's.
    """

    def __init__(self, activation: Any, rate: float = 0.1, decay: float = 1.0, **others: Any) -> None:
        super().__init__(**others)
        if rate <= 0:
            raise ValueError(f"rate must be above 0, got {rate}")
        self.activation = keras.activations.get(activation)
        self._apply = _mish if self.activation is keras.activations.mish else self.activation
        self.rate, self.decay = float(rate), float(decay)

    def build(self, input_shape: Any) -> None:
        """One weight, `(size,)`."""
        initial = keras.initializers.Constant(1 / self.rate)
        self.share = mark_decay(self.add_weight((input_shape[-1],), initial, name="share"), self.decay)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The numbers, activated."""
        return inputs + (self._apply(inputs) - inputs) * (self.share * self.rate)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "activation": activation, "rate": self.rate, "decay": self.decay}


def _mish(inputs: Any) -> Any:
    """`x tanh(log(1 + e^x))`, which is `x n / (n + 2)` with `n = e^x (e^x + 2)`: with its gradient in half the time of
    Keras's, and half as far from the truth in float32. From `most` on the fraction is 1 in the type of the numbers."""
    most = 5.0 if keras.backend.standardize_dtype(inputs.dtype) == "float16" else 20.0
    power = keras.ops.exp(keras.ops.minimum(inputs, most))
    number = power * (power + 2.0)
    return inputs * (number / (number + 2.0))
