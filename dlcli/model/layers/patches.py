"""An image as a sequence of its patches, as Vision Transformers begin."""

from __future__ import annotations

from typing import Any

from dlcli.backend import startup

__all__ = ["Patches"]

keras = startup.load()


@keras.saving.register_keras_serializable(package="dlcli")
class Patches(keras.layers.Layer):  # type: ignore[name-defined,misc]
    """Squares of an image, row by row, each with all of its numbers side by side.

    Shapes: `(batch, height, width, channels)` to `(batch, patches, size * size * channels)`.

    Args:
        size: Height and width of a patch; both of the image must be multiples of it.
    """

    def __init__(self, size: int, **others: Any) -> None:
        super().__init__(**others)
        if int(size) < 1:
            raise ValueError(f"size is 1 or more, got {size}")
        self.size = int(size)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`(batch, patches, numbers)`."""
        if len(input_shape) != 4 or None in input_shape[1:]:
            raise ValueError(f"it takes images (batch, height, width, channels), got {tuple(input_shape)}")
        height, width, channels = input_shape[1:]
        if height % self.size or width % self.size:
            raise ValueError(f"{height} x {width} pixels are no multiples of patches of {self.size}")
        return (input_shape[0], height * width // self.size**2, self.size**2 * channels)

    def call(self, inputs: Any) -> Any:
        """The patches."""
        _, count, numbers = self.compute_output_shape(inputs.shape)
        height, width, channels = inputs.shape[1:]
        cut = (-1, height // self.size, self.size, width // self.size, self.size, channels)
        apart = keras.ops.transpose(keras.ops.reshape(inputs, cut), (0, 1, 3, 2, 4, 5))
        return keras.ops.reshape(apart, (-1, count, numbers))

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        return {**super().get_config(), "size": self.size}
