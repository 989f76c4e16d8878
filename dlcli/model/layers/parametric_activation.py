"""An activation of which each number learns how much it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlcli.backend import startup
from dlcli.model.layers.decay import mark_decay

__all__ = ["ParametricActivation"]

keras = startup.load()

_MOST = 40.0
"""From here on r is so little that x r is nothing, however large x; the square of e^x is still a float32."""


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
        self.rate, self.decay = float(rate), float(decay)

    def build(self, input_shape: Any) -> None:
        """One weight, `(size,)`."""
        initial = keras.initializers.Constant(1 / self.rate)
        self.share = mark_decay(self.add_weight((input_shape[-1],), initial, name="share"), self.decay)
        self.built = True

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """The numbers, activated; in training with a gradient that costs less than that of the formula."""
        share = self.share * self.rate
        if self.activation is not keras.activations.mish:
            return inputs + (self.activation(inputs) - inputs) * share
        numbers = inputs
        if keras.backend.standardize_dtype(inputs.dtype) == "float16":  # which does not hold the square of e^x
            numbers, share = keras.ops.cast(inputs, "float32"), keras.ops.cast(share, "float32")
        outputs = _learnt_mish(numbers, share) if training else _mish(numbers, share)[0]
        return keras.ops.cast(outputs, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "activation": activation, "rate": self.rate, "decay": self.decay}


def _mish(inputs: Any, share: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    """`x + a (x tanh(log(1 + e^x)) - x)`, which is `x - a x r` with `r = 2 / ((e^x + 1)^2 + 1)`; and its gradient.

    Together with the gradient, `1 - a (r - x r^2 e^x (e^x + 1))` for x, these are half of the operations that Keras's
    own formulas come to.
    """
    ops = keras.ops
    power = ops.exp(ops.minimum(inputs, _MOST))
    next_to = power + 1.0
    rest = 2.0 / (next_to * next_to + 1.0)
    lost = inputs * rest

    def gradient(of_outputs: Any) -> tuple[Any, Any]:
        slope = rest - lost * (power * next_to * rest)
        of_share = ops.sum(of_outputs * lost, axis=tuple(range(len(inputs.shape) - 1)))
        return of_outputs * (1.0 - slope * share), -of_share

    return inputs - lost * share, gradient


_learnt_mish = keras.ops.custom_gradient(_mish)
