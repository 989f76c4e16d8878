"""What a callback raises: the user's own ends the training as a fault of it; of Keras's that write files it is told."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import keras

from dlcli.backend.failures import BackendError
from dlcli.errors import ModelError, Problem
from dlcli.model.faults import model_faults
from dlcli.training.callbacks import PLACES
from dlcli.training.events import Listener, Notice
from dlcli.training.model_file import Saver

__all__ = ["WRITING", "explain_failures", "tolerate"]

WRITING = (*PLACES, "ProgbarLogger")
"""Keras's callbacks that only report, or keep what the run keeps anyway."""

Hook = Callable[..., None]


def explain_failures(callback: Any, *, path: str, files: Collection[str]) -> None:
    """Let what a callback of the user's own raises end the training as a fault of that callback, with its line.

    Args:
        callback: A `keras.callbacks.Callback`, changed in place.
        path: Where it stands in the config.
        files: The user's Python files.
    """
    faults = model_faults()

    def explained(hook: Hook, *arguments: Any, **named: Any) -> None:
        try:
            hook(*arguments, **named)
        except faults as error:
            raise ModelError(_failure(error, type(callback).__name__, hook.__name__, path, files)) from error

    _wrap_hooks(callback, explained)


def tolerate(
    callback: Any,
    *,
    path: str,
    listener: Listener,
    require: Callable[[], None] = lambda: None,
    before: Callable[[], None] = lambda: None,
) -> None:
    """Make a callback of Keras's go on when the disk is full, or what it writes to is gone; others stay as they are.

    A checkpoint is written beside its name first, so that the one before it stays, and counts as the best only when it
    has been written.

    Args:
        callback: A `keras.callbacks.Callback`, changed in place.
        path: Where it stands in the config.
        listener: Told once of each.
        require: Called before a checkpoint is written; raises what forbids it.
        before: Called before whatever it does; raises what forbids it.
    """
    name = type(callback).__name__
    if name not in WRITING or not type(callback).__module__.startswith("keras."):
        return
    _wrap_hooks(callback, _Forgiving(callback, path=path, listener=listener, before=before))
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        known = callback.set_model
        callback.set_model = lambda model: known(Saver(model, require=require))


def _wrap_hooks(callback: Any, call: Callable[..., None]) -> None:
    """Let each hook that a callback has of its own be called by `call`; Keras does not call those that it has not."""
    for name in [each for each in dir(keras.callbacks.Callback) if each.startswith("on_")]:
        hook = getattr(callback, name)
        if not hasattr(hook, "_is_default"):
            setattr(callback, name, functools.wraps(hook)(functools.partial(call, hook)))


def _failure(error: BaseException, name: str, hook: str, path: str, files: Collection[str]) -> Problem:
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    where = f" (line {own[-1].lineno} of {Path(own[-1].filename).name})" if own else ""
    text = " ".join(str(error).split())
    return Problem(
        f"{name} fails in {hook}{where}: {type(error).__name__}" + (f": {text}" if text else ""),
        path=path,
        hint="what may fail without harm belongs into a try of its own",
        rule="own-callback",
    )


class _Forgiving:
    """Calls the hooks of one callback, and makes one warning of what they raise when they cannot write."""

    def __init__(self, callback: Any, *, path: str, listener: Listener, before: Callable[[], None]) -> None:
        self._callback, self._path, self._listener, self._before = callback, path, listener, before
        self._told = self._useless = False

    def __call__(self, hook: Hook, *arguments: Any, **named: Any) -> None:
        """One whose file could not even be opened is not called again."""
        self._before()
        best = getattr(self._callback, "best", None)
        try:
            if not self._useless:
                hook(*arguments, **named)
        except (OSError, BackendError) as error:
            if hasattr(self._callback, "best"):
                self._callback.best = best
            self._useless = hook.__name__ == "on_train_begin"
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            name = type(self._callback).__name__
            why = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0] or type(error).__name__
            message = f"{name} cannot write: {why}; training goes on without"
            hint = "make room; nothing that the run itself keeps depends on it"
            self._listener(Notice(Problem(message, path=self._path, hint=hint, rule="not-reported"), warning=True))
