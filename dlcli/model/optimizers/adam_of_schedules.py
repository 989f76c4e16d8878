"""Adam whose weight decay follows a schedule, and is another for some weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlcli.backend import startup
from dlcli.backend.updates import is_of_some_rows, update_by_adam
from dlcli.model.layers.decay import decay_of

__all__ = ["AdamOfSchedules"]

keras = startup.load()


class _Step:
    """What schedules say of a step, each asked once for all weights: operations that read the counter are not taken for
    the same one, nor is what comes of them."""

    def __init__(self) -> None:
        self._said: dict[str, Any] = {}

    def once(self, name: str, ask: Callable[[], Any]) -> Any:
        """What was said before, if anything."""
        if name not in self._said:
            self._said[name] = ask()
        return self._said[name]


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
    _step: _Step | None = None
    """While weights are updated: what was asked of this step already."""

    def __init__(self, learning_rate: Any = 0.001, weight_decay: Any = None, **others: Any) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **others)

    @property
    def weight_decay(self) -> Any:
        """At this step, for the weights that it is asked for."""
        now = self._once("decay", self._decay_at_step)
        if now is None or self._share == 1:
            return now
        return self._once(f"decay {self._share}", lambda: now * self._share)

    @weight_decay.setter
    def weight_decay(self, value: Any) -> None:
        self._decay = value

    def _decay_at_step(self) -> Any:
        schedule = isinstance(self._decay, keras.optimizers.schedules.LearningRateSchedule)
        return self._decay(self.iterations) if schedule else self._decay

    def _get_current_learning_rate(self) -> Any:
        return self._once("rate", super()._get_current_learning_rate)

    def _powers(self) -> Any:
        """`beta_1` and `beta_2` to the power of the step, counted from 1."""
        step = keras.ops.cast(self.iterations + 1, "float32")
        return [keras.ops.power(keras.ops.cast(beta, "float32"), step) for beta in (self.beta_1, self.beta_2)]

    def _once(self, name: str, ask: Callable[[], Any]) -> Any:
        return ask() if self._step is None else self._step.once(name, ask)

    def _backend_apply_gradients(self, grads: Any, trainable_variables: Any) -> None:
        self._step = _Step()
        try:
            super()._backend_apply_gradients(grads, trainable_variables)
        finally:
            self._step = None

    def _apply_weight_decay(self, variables: Any) -> None:
        shares = [decay_of(each) for each in variables]
        try:
            for share in sorted(set(shares) - {0.0}):
                self._share = share
                super()._apply_weight_decay([each for each, own in zip(variables, shares, strict=True) if own == share])
        finally:
            self._share = 1.0

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move a weight; with a gradient of some rows alone, or with `amsgrad`, as Keras's Adam does."""
        if self.amsgrad or is_of_some_rows(gradient):
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
            powers=self._once("powers", self._powers),
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
