"""What Keras says while it trains (verbose callbacks, warnings) reaches the listener instead of the terminal."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import keras
from absl import logging as absl_logging

from dlcli.errors import Problem
from dlcli.training.events import Listener, Notice
from dlcli.training.warned import forward_warnings

__all__ = ["forward_messages"]


class _Forward(logging.Handler):
    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().strip()
        if text:
            self._listener(Notice(Problem(text, rule="keras"), warning=record.levelno >= logging.WARNING))


@contextlib.contextmanager
def forward_messages(listener: Listener) -> Iterator[None]:
    """While open, Keras's messages and Python's warnings become `Notice`s.

    Keras prints with `print` when its interactive logging is on and through absl's logger when it is off; the latter
    can be caught without touching stdout. Everything is put back as it was.
    """
    logger = absl_logging.get_absl_logger()
    handlers, level, propagate = logger.handlers[:], logger.level, logger.propagate
    interactive = keras.config.is_interactive_logging_enabled()
    keras.config.disable_interactive_logging()
    logger.handlers[:] = [_Forward(listener)]
    logger.setLevel(logging.INFO)
    logger.propagate = False

    try:
        with forward_warnings(listener, modules=("",)):
            yield
    finally:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate
        if interactive:
            keras.config.enable_interactive_logging()
