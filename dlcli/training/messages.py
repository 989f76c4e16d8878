"""What Keras and what computes for it say reaches the listener, not the terminal: messages, and warnings each once."""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from dlcli.backend import startup
from dlcli.errors import Problem
from dlcli.training.events import Listener, Notice

__all__ = ["forward_messages", "forward_warnings", "with_warnings_forwarded"]

P = ParamSpec("P")
R = TypeVar("R")

_NUMBERS = re.compile(r"\d+|None")
_said: list[set[str]] = []  # what the outermost of the open contexts has told already


@contextlib.contextmanager
def forward_warnings(listener: Listener, *, of_others: bool = False) -> Iterator[None]:
    """While open, Python's warnings reach the listener; those that differ in numbers alone, such as shapes, once.

    Args:
        listener: Who is told.
        of_others: Whether all is told; else the filters decide, but for Keras and what computes for it.
    """
    _said.append(set())

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        text = " ".join(str(message).split())
        # Deprecations are for the developers of Keras and NumPy.
        if issubclass(category, (DeprecationWarning, PendingDeprecationWarning, FutureWarning)):
            return
        kind = _NUMBERS.sub("", text)
        if kind not in _said[0]:
            _said[0].add(kind)
            listener(Notice(Problem(text, rule="keras"), warning=True))

    try:
        with warnings.catch_warnings():
            for package in startup.PACKAGES:
                warnings.filterwarnings("always", module=rf"{package}\.")
            if of_others:
                warnings.simplefilter("always")
            warnings.showwarning = show
            yield
    finally:
        _said.pop()


def with_warnings_forwarded(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with warnings going to its `listener` when it is given one; else they are Python's own."""

    @functools.wraps(function)
    def run(*arguments: P.args, **options: P.kwargs) -> R:
        listener = options.get("listener")
        if listener is None:
            return function(*arguments, **options)
        with forward_warnings(listener):  # type: ignore[arg-type]
            return function(*arguments, **options)

    return run


@contextlib.contextmanager
def forward_messages(listener: Listener) -> Iterator[None]:
    """While open, Keras's messages and Python's warnings become `Notice`s.

    Keras prints with `print` when its interactive logging is on and through absl's logger when it is off; the latter
    can be caught without touching stdout. Everything is put back as it was.
    """
    import keras
    from absl import logging as absl_logging

    logger = absl_logging.get_absl_logger()
    handlers, level, propagate = logger.handlers[:], logger.level, logger.propagate
    interactive = keras.config.is_interactive_logging_enabled()
    keras.config.disable_interactive_logging()
    logger.handlers[:] = [_Forward(listener)]
    logger.setLevel(logging.INFO)
    logger.propagate = False

    try:
        with forward_warnings(listener, of_others=True):
            yield
    finally:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate
        if interactive:
            keras.config.enable_interactive_logging()


class _Forward(logging.Handler):
    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().strip()
        if text:
            self._listener(Notice(Problem(text, rule="keras"), warning=record.levelno >= logging.WARNING))
