"""Callbacks of Keras's that write files: what they cannot write is told, and never ends a training."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras

from dlcli.backend.failures import BackendError
from dlcli.errors import Problem
from dlcli.training.callbacks import PLACES
from dlcli.training.events import Listener, Notice
from dlcli.training.hooks import wrap_hooks
from dlcli.training.saving import Saver

__all__ = ["tolerate"]

WRITING = (*PLACES, "ProgbarLogger")
"""Keras's callbacks that only report, or keep what the run keeps anyway."""


def tolerate(callback: Any, *, path: str, listener: Listener) -> None:
    """Make a callback of Keras's go on when the disk is full, or what it writes to is gone; others stay as they are.

    A checkpoint is written beside its name first, so that the one before it stays, and counts as the best only when it
    has been written.

    Args:
        callback: A `keras.callbacks.Callback`, changed in place.
        path: Where it stands in the config.
        listener: Told once of each.
    """
    name = type(callback).__name__
    if name not in WRITING or not type(callback).__module__.startswith("keras."):
        return
    forgiving = _Forgiving(callback, path=path, listener=listener)
    wrap_hooks(callback, forgiving.hook)
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        known = callback.set_model
        callback.set_model = lambda model: known(Saver(model))


class _Forgiving:
    """The hooks of one callback, with what they raise when they cannot write turned into one warning."""

    def __init__(self, callback: Any, *, path: str, listener: Listener) -> None:
        self._callback, self._path, self._listener = callback, path, listener
        self._told = self._useless = False

    def hook(self, hook: Callable[..., None]) -> Callable[..., None]:
        """The hook, which goes on. One whose file could not even be opened is not called again."""

        @functools.wraps(hook)
        def forgiving(*arguments: Any, **named: Any) -> None:
            best = getattr(self._callback, "best", None)
            try:
                if not self._useless:
                    hook(*arguments, **named)
            except (OSError, BackendError) as error:
                if hasattr(self._callback, "best"):
                    self._callback.best = best
                self._useless = hook.__name__ == "on_train_begin"
                self._tell(error)

        return forgiving

    def _tell(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            name = type(self._callback).__name__
            why = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0] or type(error).__name__
            message = f"{name} cannot write: {why}; training goes on without"
            hint = "make room; nothing that the run itself keeps depends on it"
            self._listener(Notice(Problem(message, path=self._path, hint=hint, rule="not-reported"), warning=True))
