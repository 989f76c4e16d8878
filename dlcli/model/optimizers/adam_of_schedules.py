"""Adam whose weight decay follows a schedule, and is another for some weights."""

from __future__ import annotations

from typing import Any

from dlcli.backend import startup
from dlcli.backend.updates import is_of_some_rows, update_by_adam
from dlcli.model.layers.decay import decay_of

__all__ = ["AdamOfSchedules"]

keras = startup.load()


@keras.saving.register_keras_serializable(package="dlcli")
class AdamOfSchedules(keras.optimizers.Adam):  # type: ignore[name-defined,misc]
    """Adam with `weight_decay` a number or a schedule: `w -= learning_rate * weight_decay * w` before each update.

    As in Keras's AdamW a weight decays by the rate and the decay of the step. Layers may ask for another share of it:
    the biases of TangentDense do not decay.

    A weight is updated by one operation of TensorFlow's, of the same formula: what a small weight costs is mostly what
    an operation costs however little it does.

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

    _powers: Any = None
    """While weights are updated, `beta_1` and `beta_2` to the power of the step."""

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

    def _backend_update_step(self, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        step = keras.ops.cast(self.iterations + 1, "float32")
        betas = (keras.ops.cast(beta, "float32") for beta in (self.beta_1, self.beta_2))
        self._powers = [keras.ops.power(beta, step) for beta in betas]
        try:
            super()._backend_update_step(grads, trainable_variables, learning_rate)
        finally:
            self._powers = None

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move a weight; with a gradient of some rows alone, or with `amsgrad`, as Keras's Adam does."""
        if self.amsgrad or self._powers is None or is_of_some_rows(gradient):
            super().update_step(gradient, variable, learning_rate)
            return
        place = self._get_variable_index(variable)
        update_by_adam(
            variable,
            self._momentums[place].value,
            self._velocities[place].value,
            gradient,
            rate=learning_rate,
            betas=(self.beta_1, self.beta_2),
            powers=self._powers,
            epsilon=self.epsilon,
        )

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
