"""A learning rate that rises and falls in cycles, each twice as long as the one before (coslog of RealMLP)."""

from __future__ import annotations

import math
from typing import Any

from dlcli.backend import startup

__all__ = ["CosineLog"]

keras = startup.load()


@keras.saving.register_keras_serializable(package="dlcli")
class CosineLog(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[name-defined,misc]
    """`rate * (1 - cos(2 pi log2(1 + (2^cycles - 1) t))) / 2`, t being the part of the training that is done.

    It is 0 at the beginning and at the end of each cycle, and what is best is likely to be found at such an end.

    Args:
        learning_rate: The greatest.
        steps: Updates in the whole training.
        cycles: How many.
    """

    def __init__(self, learning_rate: float, steps: int, cycles: int = 4, name: str = "CosineLog") -> None:
        super().__init__()
        if int(steps) < 1 or int(cycles) < 1:
            raise ValueError(f"steps and cycles are 1 or more, got {steps} and {cycles}")
        self.learning_rate, self.steps, self.cycles, self.name = float(learning_rate), int(steps), int(cycles), name

    def __call__(self, step: Any) -> Any:
        """The rate at an update, from 0."""
        ops = keras.ops
        done = ops.clip(ops.cast(step, "float32") / self.steps, 0.0, 1.0)
        turns = ops.log2(1 + (2**self.cycles - 1) * done)
        return self.learning_rate * 0.5 * (1 - ops.cos(2 * math.pi * turns))

    def get_config(self) -> dict[str, Any]:
        """As of every schedule of Keras's."""
        names = ("learning_rate", "steps", "cycles", "name")
        return {name: getattr(self, name) for name in names}
