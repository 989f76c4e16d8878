"""Keras's `fit` without its round trip for each epoch: the callbacks are told of epochs that are over.

Several epochs are trained at once and told one after the other, with their logs and in Keras's order of hooks. Whoever
needs the model as it is after the epoch that is told asks for it (`settle`): what was trained beyond is undone, which
is exact, for the same epochs from the same state are the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from dlcli.backend.epochs.keeping import Watch
from dlcli.backend.epochs.program import Epoch, EpochProgram

__all__ = ["EpochLoop"]

Logs = dict[str, float]


class EpochLoop:
    """Trains by whole epochs.

    Args:
        model: The model, compiled and built.
        program: Its epochs.
        most: How many epochs may be trained before they are told, after so many that are done.
        timed: Called with the seconds of an epoch, in all and of learning alone, before its end is told.
        keeper: The callback whose best weights the program keeps; None: it keeps none.
        watch: Gives which epoch is the best for it, when training begins.
    """

    def __init__(
        self,
        model: Any,
        program: EpochProgram,
        *,
        most: Callable[[int], int],
        timed: Callable[[float, float], None],
        keeper: Any = None,
        watch: Callable[[], Watch] | None = None,
    ) -> None:
        self._keeper, self._watch = keeper, watch
        self._model, self._program, self._most, self._timed = model, program, most, timed
        self._told = self._done = self._begun = 0
        self._before: list[Any] = []
        self._found: list[Epoch] = []

    def fit(self, *, first: int, last: int, callbacks: Sequence[Any]) -> None:
        """Train from one epoch to another.

        Args:
            first: Epochs that are over.
            last: Those that are over at the end.
            callbacks: Keras's.
        """
        model = self._model
        hooks = _Hooks(list(callbacks), add_history=True, epochs=last, steps=1, model=model)
        model.stop_training = False
        if self._keeper is not None:
            self._keeper.set_model(_Ahead(model))
        hooks.on_train_begin()
        self._told = self._done = first
        logs = None
        try:
            while self._told < last and not (self._told > first and model.stop_training):
                logs = self._tell_next(hooks, last)
            self.settle()
        except KeyboardInterrupt:  # wants to leave at once
            raise
        except BaseException:
            self.settle()
            raise
        if isinstance(model.optimizer, keras.optimizers.Optimizer) and last > 0:
            model.optimizer.finalize_variable_values(model.trainable_weights)
        hooks.on_train_end(logs)
        if self._keeper is not None:
            self._keeper.set_model(model)

    def settle(self) -> None:
        """Make the model what it is after the last epoch that was told, or is being told now; and the weights of the
        best epoch be known."""
        if self._done > self._told:
            self._program.give_back(self._before)
            if self._told > self._begun:
                self._program.run(self._begun, self._told - self._begun)
            self._done = self._told
            self._found.clear()
        if self._keeper is not None and self._keeper.best_weights is _LATER:
            self._keeper.best_weights = self._program.kept_weights()

    def _tell_next(self, hooks: Any, last: int) -> dict[str, float]:
        """Tell of the next epoch; train some when none is left."""
        epoch = self._told
        hooks.on_epoch_begin(epoch)
        hooks.on_train_batch_begin(0)
        if not self._found:
            self._train(last)
        found = self._found.pop(0)
        self._told = epoch + 1
        logs = dict(found.logs)
        training = {name: value for name, value in logs.items() if not name.startswith("val_")}
        hooks.on_train_batch_end(0, training)
        if len(training) < len(logs):
            validation = {name.removeprefix("val_"): logs[name] for name in logs if name not in training}
            hooks.on_test_begin()
            hooks.on_test_batch_begin(0)
            hooks.on_test_batch_end(0, validation)
            hooks.on_test_end(validation)
        self._timed(found.seconds, found.training)
        hooks.on_epoch_end(epoch, logs)
        return logs

    def _train(self, last: int) -> None:
        most = max(1, min(self._most(self._told), last - self._told))
        if self._watch is not None:  # by now the callback has been given back what it knew
            self._program.keep(self._watch(), self._keeper.best, self._keeper.best_weights)
            self._watch = None
        self._begun, self._before = self._told, self._program.state() if most > 1 else []
        self._found = self._program.run(self._told, most)
        self._done = self._told + len(self._found)


_LATER: list[Any] = []
"""Stands for the weights of the best epoch until they are wanted."""


class _Ahead:
    """The model for a callback that takes the weights of an epoch: the program has taken them, and has gone on."""

    def __init__(self, model: Any) -> None:
        vars(self)["model"] = model

    def get_weights(self) -> list[Any]:
        return _LATER

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["model"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(vars(self)["model"], name, value)


class _Hooks(keras.callbacks.CallbackList):  # type: ignore[misc]
    """Keras's callbacks, told of epochs that are over, and whose logs are numbers: they are not looked at for tensors,
    and no thread tells of a batch while the next one is trained."""

    def __init__(self, callbacks: list[Any], **options: Any) -> None:
        super().__init__(callbacks, **options)
        self._async_train = self._async_test = False

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        logs = _in_order(logs)
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Logs) -> None:
        logs = _in_order(logs)
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs=logs)

    def on_test_end(self, logs: Logs) -> None:
        logs = _in_order(logs)
        for callback in self.callbacks:
            callback.on_test_end(logs)
        self._on_end()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        logs = _in_order(logs)
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)


def _in_order(logs: Logs) -> Logs:
    """Their own, which callbacks may add to, in the order in which Keras gives them."""
    return dict(sorted(logs.items()))
