"""Predictions kept to the range of the training rows, which a network leaves where it has seen nothing."""

from __future__ import annotations

from typing import Any

from dlcli.backend import startup

__all__ = ["RangeClip"]

keras = startup.load()


@keras.saving.register_keras_serializable(package="dlcli")
class RangeClip(keras.layers.Layer):  # type: ignore[name-defined,misc]
    """Numbers below a least and above a greatest become those; not in training, where they would teach nothing.

    Shapes: `(batch, ..., size)` to the same.

    Args:
        minimum: The least, a number or one for each entry of the last axis.
        maximum: The greatest.
    """

    def __init__(self, minimum: Any, maximum: Any, **others: Any) -> None:
        super().__init__(**others)
        self.minimum, self.maximum = minimum, maximum

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """The numbers, within the range."""
        if training:
            return inputs
        least = keras.ops.convert_to_tensor(self.minimum, inputs.dtype)
        return keras.ops.minimum(
            keras.ops.maximum(inputs, least), keras.ops.convert_to_tensor(self.maximum, inputs.dtype)
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        return {**super().get_config(), "minimum": self.minimum, "maximum": self.maximum}
