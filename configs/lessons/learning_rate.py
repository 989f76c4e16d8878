"""A learning rate schedule of one's own, for `10_learning_rate_scheduler.yaml`."""

from __future__ import annotations

import keras

__all__ = ["StepDecay"]


class StepDecay(keras.callbacks.LearningRateScheduler):
    """Multiply the learning rate by `factor` every `every` epochs.

    Args:
        every: Epochs between two steps.
        factor: What the rate is multiplied by at each step.
    """

    def __init__(self, every: int, factor: float) -> None:
        self.every = every
        self.factor = factor
        super().__init__(self.step)

    def step(self, epoch: int, rate: float) -> float:
        """The rate of `epoch`, counted from 0, given that of the epoch before."""
        return rate * self.factor if epoch > 0 and epoch % self.every == 0 else rate
