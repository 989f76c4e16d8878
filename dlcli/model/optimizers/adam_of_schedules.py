"""Adam whose weight decay follows a schedule, and is another for some weights."""

from __future__ import annotations

from typing import Any

from dlcli.backend import startup
from dlcli.model.layers.decay import decay_of

__all__ = ["AdamOfSchedules"]

keras = startup.load()


@keras.saving.register_keras_serializable(package="dlcli")
class AdamOfSchedules(keras.optimizers.Adam):  # type: ignore[name-defined,misc]
    """Adam with `weight_decay` a number or a schedule: `w -= learning_rate * weight_decay * w` before each update.

    As in Keras's AdamW a weight decays by the rate and the decay of the step. Layers may ask for another share of it:
    the biases of TangentDense do not decay.

    Args:
        learning_rate: A number or a schedule.
        weight_decay: A number, a schedule, or None.
        others: As of Adam.
    """

    _share = 1.0
    _rate_now: Any = None
    _decay_now: Any = None
    """While weights decay, what the schedules say of the step: once for all, since a step of many weights is traced
    a fifth faster then."""

    def __init__(self, learning_rate: Any = 0.001, weight_decay: Any = None, **others: Any) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **others)

    @property
    def weight_decay(self) -> Any:
        """At this step, for the weights that it is asked for."""
        return self._decay_at_step() if self._decay_now is None else self._decay_now

    @weight_decay.setter
    def weight_decay(self, value: Any) -> None:
        self._decay = value

    def _decay_at_step(self) -> Any:
        schedule = isinstance(self._decay, keras.optimizers.schedules.LearningRateSchedule)
        now = self._decay(self.iterations) if schedule else self._decay
        return None if now is None else now * self._share

    def _get_current_learning_rate(self) -> Any:
        return super()._get_current_learning_rate() if self._rate_now is None else self._rate_now

    def _apply_weight_decay(self, variables: Any) -> None:
        shares = [decay_of(each) for each in variables]
        self._rate_now = self._get_current_learning_rate()
        try:
            for share in sorted(set(shares) - {0.0}):
                self._share = share
                self._decay_now = self._decay_at_step()
                super()._apply_weight_decay([each for each, own in zip(variables, shares, strict=True) if own == share])
        finally:
            self._share, self._rate_now, self._decay_now = 1.0, None, None

    def get_config(self) -> dict[str, Any]:
        """As of every optimizer of Keras's."""
        schedule = isinstance(self._decay, keras.optimizers.schedules.LearningRateSchedule)
        decay = keras.optimizers.schedules.serialize(self._decay) if schedule else self._decay
        return {**super().get_config(), "weight_decay": decay}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """As of every optimizer of Keras's."""
        decay = config.get("weight_decay")
        if isinstance(decay, dict):
            config = {**config, "weight_decay": keras.optimizers.schedules.deserialize(decay, custom_objects)}
        return super().from_config(config, custom_objects)
