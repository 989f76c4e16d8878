"""Arguments of Keras's callbacks that it takes, and that fail or do nothing in the middle of training."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from dlcli.config.schema.component import Component
from dlcli.errors import Problem

__all__ = ["by_batches", "check_values"]

_SAVERS = ("BackupAndRestore", "ModelCheckpoint", "OrbaxCheckpoint")


def check_values(callbacks: Sequence[Component], *, code: Collection[str] = ()) -> list[Problem]:
    """The values that a callback cannot work with.

    Args:
        callbacks: The config's callbacks.
        code: Names that the user's own files define.

    Example:
        >>> check_values([Component("CSVLogger", {"separator": "||"})])[0].path
        'callbacks[0].CSVLogger.separator'
    """
    problems: list[Problem] = []
    for index, callback in enumerate(callbacks):
        if callback.name not in code:
            problems += _values(callback, f"callbacks[{index}].{callback.name}")
    return problems


def by_batches(callback: Component) -> bool:
    """Whether a callback that saves does so after a number of batches."""
    return _is_count(callback.arguments.get("save_freq", "epoch"))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _values(callback: Component, path: str) -> Iterator[Problem]:
    arguments = callback.arguments
    monitor = arguments.get("monitor", "loss")
    if not isinstance(monitor, str):
        message = f"expected the name of a value of the history, got {monitor!r}"
        yield Problem(message, path=f"{path}.monitor", hint="such as monitor: val_loss", rule="wrong-value")
    frequency = arguments.get("save_freq", "epoch")
    if callback.name in _SAVERS and frequency != "epoch" and not (_is_count(frequency) and frequency > 0):
        message = f"expected save_freq to be `epoch` or a number of batches from 1, got {frequency!r}"
        yield Problem(message, path=f"{path}.save_freq", hint="leave it out for every epoch", rule="wrong-value")
    separator = arguments.get("separator", ",")
    if callback.name == "CSVLogger" and isinstance(separator, str) and len(separator) != 1:
        message = f"expected separator to be one character, got {separator!r}"
        yield Problem(message, path=f"{path}.separator", hint='such as ";" or "\\t"', rule="wrong-value")
    factor = arguments.get("factor", 0.1)
    if callback.name == "ReduceLROnPlateau" and isinstance(factor, (int, float)) and not 0 < factor < 1:
        message = f"expected factor to be between 0 and 1, got {factor!r}"
        hint = "the rate is multiplied by it, such as factor: 0.5"
        yield Problem(message, path=f"{path}.factor", hint=hint, rule="wrong-value")
