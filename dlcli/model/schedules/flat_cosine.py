"""A value that stays for the first part of a training, and then goes to 0 on half a cosine."""

from __future__ import annotations

import math
from typing import Any

from dlcli.backend import startup

__all__ = ["FlatCosine", "flat_cosine"]

keras = startup.load()


def flat_cosine(progress: Any, flat: float) -> Any:
    """1 while `progress`, from 0 to 1, is in the flat part; then `(1 + cos(pi t)) / 2`, t going from 0 to 1.

    Example:
        >>> float(flat_cosine(0.75, 0.5))
        0.5
    """
    ops = keras.ops
    through = (progress - flat) / max(1 - flat, 1e-9)
    return 0.5 * (1 + ops.cos(math.pi * ops.clip(through, 0.0, 1.0)))


@keras.saving.register_keras_serializable(package="dlcli")
class FlatCosine(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[name-defined,misc]
    """See `flat_cosine`.

    Args:
        value: To begin with.
        steps: Updates in the whole training.
        flat: The part of it in which the value stays.
    """

    def __init__(self, value: float, steps: int, flat: float = 0.5, name: str = "FlatCosine") -> None:
        super().__init__()
        if int(steps) < 1 or not 0 <= flat <= 1:
            raise ValueError(f"steps is 1 or more and flat from 0 to 1, got {steps} and {flat}")
        self.value, self.steps, self.flat, self.name = float(value), int(steps), float(flat), name

    def __call__(self, step: Any) -> Any:
        """The value at an update, from 0."""
        return self.value * flat_cosine(keras.ops.cast(step, "float32") / self.steps, self.flat)

    def get_config(self) -> dict[str, Any]:
        """As of every schedule of Keras's."""
        return {"value": self.value, "steps": self.steps, "flat": self.flat, "name": self.name}
