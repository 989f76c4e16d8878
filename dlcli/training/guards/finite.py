"""Training ends where its numbers end: a loss that is NaN or infinite, and weights that are, teach a model nothing.

What such an epoch leaves is never the best: no checkpoint is written from it, and EarlyStopping does not go back to it.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np

from dlcli.config.schema import Config
from dlcli.errors import ModelError, Problem
from dlcli.training.guards.causes import likely_causes

__all__ = ["FiniteLosses", "NotFinite", "go_back_to_best", "guard_best", "has_finite_weights", "require_finite_weights"]

LOOK_SECONDS = 5.0
"""So often the loss is looked at within an epoch: it has to be waited for, and an epoch may take a day."""

Logs = Mapping[str, Any]


class NotFinite(ModelError):
    """A loss or the weights are not numbers any more."""


class FiniteLosses(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends training with an epoch or within it when a loss has become NaN or infinite: that of training, of validation
    or of one output.

    It comes before the callbacks of the config, so that none of them takes such an epoch for one of its own.

    Args:
        config: The config of the job.
        record: Called with the epoch that is the last, from 0, and its logs, before it ends.
    """

    def __init__(self, config: Config, *, record: Callable[[int, Logs], None]) -> None:
        super().__init__()
        self._config = config
        self._record = record
        self._losses: list[float] = []
        self._looked = -math.inf

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Another epoch."""
        self._epoch = epoch
        self._looked = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss so far, now and then."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        tracker = getattr(self.model, "_loss_tracker", None)
        if tracker is not None and not math.isfinite(loss := float(tracker.result())):
            self._end({"loss": loss})
        self._looked = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at all losses."""
        values = {name: float(value) for name, value in (logs or {}).items()}
        faulty = {name: value for name, value in values.items() if _is_loss(name) and not math.isfinite(value)}
        if faulty:
            self._record(epoch, values)
            self._end(faulty)
        self._losses.append(values.get("loss", 0.0))

    def _end(self, faulty: Mapping[str, float]) -> None:
        """Raises NotFinite."""
        became = " and ".join(f"{name} became {value}" for name, value in _told_first(faulty).items())
        causes = likely_causes(self._config, self.model, faulty=list(faulty), before=self._losses)
        message = f"training has stopped: {became} in epoch {self._epoch + 1}"
        raise NotFinite(Problem(message, path="fit", hint="; or ".join(causes), rule="loss-not-finite"))


def _is_loss(name: str) -> bool:
    return name.removeprefix("val_") == "loss" or name.endswith("_loss")


def _told_first(faulty: Mapping[str, float]) -> dict[str, float]:
    """The loss as a whole where it is among them, else those of outputs; the training's before the validation's."""
    whole = {name: value for name, value in faulty.items() if name.removeprefix("val_") == "loss"}
    return dict(sorted((whole or faulty).items(), key=lambda item: item[0].startswith("val_")))


def has_finite_weights(model: Any) -> bool:
    """Whether what a model has learnt are numbers."""
    return all(bool(np.isfinite(np.asarray(weight)).all()) for weight in model.trainable_weights)


def require_finite_weights(model: Any, config: Config) -> None:
    """Refuse weights that the last update of an epoch has made NaN: its loss was computed before and does not tell.

    Raises:
        NotFinite: They are.
    """
    if not has_finite_weights(model):
        message = "training has stopped: weights became NaN or infinite after the last loss was computed"
        causes = likely_causes(config, model, faulty=["loss"], before=())
        raise NotFinite(Problem(message, path="fit", hint="; or ".join(causes), rule="loss-not-finite"))


def guard_best(callback: Any) -> None:
    """Keep what is no number from being the best of Keras's callbacks, for which the first value is, whatever it is.

    ModelCheckpoint passes over an epoch whose monitored value is no number; the others take it for the worst there is.

    Args:
        callback: A `keras.callbacks.Callback`, changed in place.
    """
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        for name in ("on_epoch_end", "on_train_batch_end"):
            setattr(callback, name, functools.partial(_save_finite, callback, getattr(callback, name)))
    elif isinstance(callback, (keras.callbacks.EarlyStopping, keras.callbacks.ReduceLROnPlateau)):
        callback.on_epoch_end = functools.partial(_watch_finite, callback, callback.on_epoch_end)


def _save_finite(callback: Any, hook: Callable[..., None], when: int, logs: Logs | None = None) -> None:
    monitored = (logs or {}).get(callback.monitor) if callback.save_best_only else None
    losses = [value for name, value in (logs or {}).items() if name == "loss"]
    if all(_is_number(value) for value in (monitored, *losses) if value is not None):
        hook(when, logs)


def _watch_finite(callback: Any, hook: Callable[..., None], epoch: int, logs: dict[str, Any] | None = None) -> None:
    """The logs go on to others, and get what the callback adds to them."""
    value = None if logs is None else logs.get(callback.monitor)
    if logs is None or value is None or _is_number(value):
        hook(epoch, logs)
        return
    if callback.monitor_op is None:
        callback._set_monitor_op()
    logs[callback.monitor] = -math.inf if callback.monitor_op(1.0, 0.0) else math.inf
    try:
        hook(epoch, logs)
    finally:
        logs[callback.monitor] = value


def _is_number(value: Any) -> bool:
    return bool(np.isfinite(np.asarray(value)).all())


def go_back_to_best(model: Any, callbacks: Iterable[Any]) -> int | None:
    """Give a model the weights that an EarlyStopping has kept, if they are numbers.

    Returns:
        The epoch that they are of, one-based; None where there are none.
    """
    for callback in callbacks:
        if getattr(callback, "best_weights", None) is not None:
            model.set_weights(callback.best_weights)
            if has_finite_weights(model):
                return int(callback.best_epoch) + 1
    return None
