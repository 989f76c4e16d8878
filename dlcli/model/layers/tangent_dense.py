"""A dense layer in the parametrisation of the neural tangent kernel: its weights are of the size of 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dlcli.backend import startup
from dlcli.model.layers.decay import mark_decay
from dlcli.model.layers.drawing import drawing

__all__ = ["TangentDense"]

keras = startup.load()

INITIALIZE = ("normal", "zeros", "data")
"""How weights begin: drawn from N(0, 1), all zero, or drawn to fit the training rows."""

_CORNERS = 5
"""The points among which a bias that fits the rows puts the bend of its activation."""


@keras.saving.register_keras_serializable(package="dlcli")
class TangentDense(keras.layers.Layer):  # type: ignore[name-defined,misc]
    """`y = activation(x W / sqrt(inputs) + b)`, W of standard normal numbers.

    Shapes: `(batch, ..., inputs)` to `(batch, ..., units)`. With Adam the same rate moves the outputs of wide and of
    narrow layers alike, which it does not where W itself is small.

    `initialize: data` draws W so that every output has a deviation of 1 over the training rows, and b so that the
    output is 0 at a random point between five of them ("he+5" of RealMLP).

    Args:
        units: How many numbers it gives.
        activation: Of the output.
        use_bias: Whether there is a b.
        initialize: `normal` (both), `zeros` (both), or `data`.
        bias_rate: The bias's learning rate, relative to the optimizer's.
        bias_decay: The bias's weight decay, relative to the optimizer's.

    Raises:
        ValueError: An argument is out of its range.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        initialize: str = "normal",
        bias_rate: float = 1.0,
        bias_decay: float = 0.0,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        if initialize not in INITIALIZE:
            raise ValueError(f"initialize is one of {', '.join(INITIALIZE)}, got {initialize!r}")
        if bias_rate <= 0 or int(units) < 1:
            raise ValueError(f"units and bias_rate must be above 0, got {units} and {bias_rate}")
        self.units, self.use_bias, self.initialize = int(units), bool(use_bias), initialize
        self.activation = keras.activations.get(activation)
        self.bias_rate, self.bias_decay = float(bias_rate), float(bias_decay)

    @property
    def draws_from_rows(self) -> bool:
        """Whether its weights are drawn from training rows."""
        return self.initialize == "data"

    def build(self, input_shape: Any) -> None:
        """The weights, `(inputs, units)` and `(units,)`; those that fit the rows are standard normal until then."""
        zero = self.initialize == "zeros"
        normal = "zeros" if zero else keras.initializers.RandomNormal(stddev=1.0)
        self.kernel = self.add_weight((input_shape[-1], self.units), normal, name="kernel")
        self.bias = None
        if self.use_bias:
            spread = "zeros" if zero else keras.initializers.RandomNormal(stddev=1 / self.bias_rate)
            self.bias = mark_decay(self.add_weight((self.units,), spread, name="bias"), self.bias_decay)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """`(batch, ..., units)`."""
        if self.draws_from_rows and (random := drawing()) is not None:
            self._draw(np.asarray(inputs, np.float64), random)
        outputs = keras.ops.matmul(inputs, self.kernel * (1 / math.sqrt(self.kernel.shape[0])))
        if self.bias is not None:
            outputs = outputs + self.bias * self.bias_rate
        return self.activation(outputs)

    def _draw(self, inputs: Any, random: np.random.Generator) -> None:
        """Weights that fit what comes in."""
        rows = inputs.reshape(-1, inputs.shape[-1])
        kernel = random.standard_normal((rows.shape[1], self.units))
        scores = rows @ kernel / math.sqrt(rows.shape[1])
        spread = scores.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        self.kernel.assign((kernel / spread).astype(np.float32))
        if self.bias is None:
            return
        chosen = (scores / spread)[random.integers(0, len(rows), (_CORNERS, self.units)), np.arange(self.units)]
        shares = random.standard_exponential(chosen.shape)
        bias = -(chosen * shares / shares.sum(axis=0)).sum(axis=0)
        self.bias.assign((bias / self.bias_rate).astype(np.float32))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(batch, ..., units)`."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "initialize": self.initialize,
            "bias_rate": self.bias_rate,
            "bias_decay": self.bias_decay,
        }
