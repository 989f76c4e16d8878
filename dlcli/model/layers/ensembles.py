"""Several networks in one that share almost all weights (TabM): each sees the inputs scaled in its own way."""

from __future__ import annotations

import math
from typing import Any

from dlcli.backend import startup

__all__ = ["EnsembleAffine", "EnsembleDense"]

keras = startup.load()

INITIALIZE = ("normal", "random_signs")
ACTIVATIONS = ("linear", "sigmoid", "softmax")


def _signs(shape: Any, dtype: Any = None) -> Any:
    """1 or -1, by the toss of a coin."""
    drawn = keras.random.uniform(shape, seed=keras.random.SeedGenerator())
    return keras.ops.cast(keras.ops.where(drawn < 0.5, -1.0, 1.0), dtype or "float32")


@keras.saving.register_keras_serializable(package="dlcli")
class EnsembleAffine(keras.layers.Layer):  # type: ignore[name-defined,misc]
    """`y_m = r_m * x` for each member m of an ensemble, the r drawn apart and learnt.

    Shapes: `(batch, size)` to `(batch, members, size)`. Layers such as Dense and Dropout after it are then shared by
    the members, and EnsembleDense ends them.

    Args:
        members: How many.
        initialize: r to begin with: `random_signs`, or `normal` after embeddings of numbers.
        group: So many neighbours begin with the same r, such as the numbers of one embedding; what is left over at the
            end is drawn one by one.
    """

    def __init__(self, members: int = 32, initialize: str = "random_signs", group: int = 1, **others: Any) -> None:
        super().__init__(**others)
        if initialize not in INITIALIZE:
            raise ValueError(f"initialize is one of {', '.join(INITIALIZE)}, got {initialize!r}")
        if int(members) < 1 or int(group) < 1:
            raise ValueError(f"members and group are 1 or more, got {members} and {group}")
        self.members, self.initialize, self.group = int(members), initialize, int(group)

    def build(self, input_shape: Any) -> None:
        """r, `(members, size)`."""
        if len(input_shape) != 2:
            raise ValueError(f"it takes vectors (batch, numbers), got the shape {tuple(input_shape)}")
        self.scale = self.add_weight((self.members, input_shape[-1]), self._draw, name="scale")
        self.built = True

    def _draw(self, shape: Any, dtype: Any = None) -> Any:
        members, size = shape
        whole, rest = divmod(size, self.group)
        draw = keras.initializers.RandomNormal(stddev=1.0) if self.initialize == "normal" else _signs
        drawn = keras.ops.repeat(draw((members, whole), dtype=dtype), self.group, axis=1)
        if not rest:
            return drawn
        last = keras.initializers.RandomNormal(stddev=1.0) if self.initialize == "normal" else _signs
        return keras.ops.concatenate([drawn, last((members, rest), dtype=dtype)], axis=1)

    def call(self, inputs: Any) -> Any:
        """`(batch, members, size)`."""
        return keras.ops.expand_dims(inputs, 1) * self.scale

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(batch, members, size)`."""
        return (input_shape[0], self.members, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        own = {"members": self.members, "initialize": self.initialize, "group": self.group}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="dlcli")
class EnsembleDense(keras.layers.Layer):  # type: ignore[name-defined,misc]
    """A dense layer of its own for each member of an ensemble, and the mean of what they predict.

    Shapes: `(batch, members, inputs)` to `(batch, units)`. Predicted is the mean of the members' numbers or
    probabilities; learnt is the mean of their losses, as each must be good alone. In training the output is therefore
    the activation of the members' mean score, and what is left of the mean loss is added to the loss: it does not
    depend on the target under `mean_squared_error` (linear), a cross-entropy of probabilities (softmax) or
    `binary_crossentropy` (sigmoid), and with another loss, or with weights of samples, is not exactly that.

    Args:
        units: How many numbers it gives.
        activation: `linear`, `softmax` or `sigmoid`.

    Raises:
        ValueError: Another activation, or fewer units than 1.
    """

    def __init__(self, units: int, activation: str | None = None, **others: Any) -> None:
        super().__init__(**others)
        name = activation or "linear"
        if name not in ACTIVATIONS:
            raise ValueError(f"activation is one of {', '.join(ACTIVATIONS)}, got {activation!r}")
        if int(units) < 1:
            raise ValueError(f"units must be above 0, got {units}")
        self.units, self.activation_name = int(units), name

    def build(self, input_shape: Any) -> None:
        """The weights, `(members, inputs, units)` and `(members, units)`."""
        if len(input_shape) != 3 or None in input_shape[1:]:
            message = f"it takes (batch, members, numbers), as EnsembleAffine gives them, got {tuple(input_shape)}"
            raise ValueError(message)
        _, members, size = input_shape
        near = keras.initializers.RandomUniform(-1 / math.sqrt(size), 1 / math.sqrt(size))
        self.kernel = self.add_weight((members, size, self.units), near, name="kernel")
        self.bias = self.add_weight((members, self.units), near.clone(), name="bias")
        self.built = True

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """`(batch, units)`."""
        ops = keras.ops
        # (members, batch, inputs) by (members, inputs, units)
        scores = ops.matmul(ops.transpose(inputs, (1, 0, 2)), self.kernel) + ops.expand_dims(self.bias, 1)
        if not training:
            return ops.mean(self._activated(scores), axis=0)
        mean = ops.mean(scores, axis=0)
        self.add_loss(self._left_over(scores, mean))
        return self._activated(mean)

    def _activated(self, scores: Any) -> Any:
        return getattr(keras.activations, self.activation_name)(scores)

    def _left_over(self, scores: Any, mean: Any) -> Any:
        """The members' mean loss without the loss of their mean score."""
        ops = keras.ops
        if self.activation_name == "softmax":
            return ops.mean(ops.mean(ops.logsumexp(scores, axis=-1), axis=0) - ops.logsumexp(mean, axis=-1))
        if self.activation_name == "sigmoid":
            return ops.mean(ops.mean(ops.softplus(scores), axis=0) - ops.softplus(mean))
        return ops.mean(ops.square(scores - ops.expand_dims(mean, 0)))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(batch, units)`."""
        return (input_shape[0], self.units)

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        return {**super().get_config(), "units": self.units, "activation": self.activation_name}
