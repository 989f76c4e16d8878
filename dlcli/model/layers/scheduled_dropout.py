"""Dropout that ends before the training does."""

from __future__ import annotations

from typing import Any

from dlcli.backend import startup
from dlcli.backend.draws import draw_yes, drawn_share
from dlcli.model.schedules.flat_cosine import flat_cosine

__all__ = ["ScheduledDropout"]

keras = startup.load()

_LARGEST = 65504.0
"""Of float16."""


@keras.saving.register_keras_serializable(package="dlcli")
class ScheduledDropout(keras.layers.Dropout):  # type: ignore[name-defined,misc]
    """Dropout whose rate stays for the first half of the training, and then goes to 0 on a cosine.

    How far training has come it counts itself, in a weight that does not learn: each call in training is a step.

    Args:
        rate: Of what is dropped, to begin with.
        steps: Of the whole training.
        flat: The part of it in which the rate stays.
        seed: Of the draws.
    """

    def __init__(self, rate: float, steps: int, flat: float = 0.5, seed: int | None = None, **others: Any) -> None:
        super().__init__(rate, seed=seed, **others)
        if int(steps) < 1 or not 0 <= flat <= 1:
            raise ValueError(f"steps is 1 or more and flat from 0 to 1, got {steps} and {flat}")
        self.steps, self.flat = int(steps), float(flat)
        self.built = False  # Dropout has no weights

    def build(self, input_shape: Any) -> None:
        """The counter, `()`."""
        self.step = self.add_weight((), "zeros", dtype="float32", trainable=False, autocast=False, name="step")
        self.built = True

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        """The numbers; some of them 0, and the others larger, in training."""
        if not training or self.rate == 0:
            return inputs
        rate = self.rate * flat_cosine(self.step / self.steps, self.flat)
        self.step.assign(self.step + 1.0)
        kept = drawn_share(keras.ops.cast(1 - rate, "float32"))
        drawn = draw_yes(keras.ops.shape(inputs), kept, self.seed_generator.next())
        larger = keras.ops.minimum(keras.ops.divide_no_nan(1.0, kept), _LARGEST)  # 0 where none is kept
        return inputs * (keras.ops.cast(drawn, inputs.dtype) * keras.ops.cast(larger, inputs.dtype))

    def get_config(self) -> dict[str, Any]:
        """As of every layer of Keras's."""
        config = {key: value for key, value in super().get_config().items() if key != "noise_shape"}
        return {**config, "steps": self.steps, "flat": self.flat}
