"""The hooks of callbacks: put into a wrapper, and what one of the user's own raises in them, in words."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import keras

from dlcli.errors import ModelError, Problem
from dlcli.model.faults import model_faults

__all__ = ["explain_failures", "wrap_hooks"]

Hook = Callable[..., None]


def wrap_hooks(callback: Any, wrap: Callable[[Hook], Hook]) -> None:
    """Replace each hook that a callback has of its own; Keras does not call those that it has not.

    Args:
        callback: A `keras.callbacks.Callback`, changed in place.
        wrap: Makes the new hook of the old one, and keeps its name.
    """
    for name in [each for each in dir(keras.callbacks.Callback) if each.startswith("on_")]:
        hook = getattr(callback, name)
        if not hasattr(hook, "_is_default"):
            setattr(callback, name, wrap(hook))


def explain_failures(callback: Any, *, path: str, files: Collection[str]) -> None:
    """Let what a callback of the user's own raises end the training as a fault of that callback, with its line.

    Args:
        callback: Changed in place.
        path: Where it stands in the config.
        files: The user's Python files.
    """
    faults = model_faults()

    def wrap(hook: Hook) -> Hook:
        @functools.wraps(hook)
        def explained(*arguments: Any, **named: Any) -> None:
            try:
                hook(*arguments, **named)
            except faults as error:
                raise ModelError(_failure(error, type(callback).__name__, hook.__name__, path, files)) from error

        return explained

    wrap_hooks(callback, wrap)


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
