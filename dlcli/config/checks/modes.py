"""Which way a value that a callback watches is better: by the metric itself, and against it where the config errs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.checks.history_names import Direction, HistoryNames
from dlcli.config.schema.component import Component
from dlcli.errors import Problem

__all__ = ["WATCHERS", "modes_against", "watched", "with_modes"]

WATCHERS = ("EarlyStopping", "KeepBest", "ModelCheckpoint", "ReduceLROnPlateau")
"""Keras's callbacks that act on whether a value became better; `mode` says which way that is."""


def watched(callback: Component) -> str | None:
    """The value of the History by which one of `WATCHERS` tells better from worse; None when it looks at none."""
    # A ModelCheckpoint that saves every epoch watches nothing.
    idle = callback.name == "ModelCheckpoint" and callback.arguments.get("save_best_only") is not True
    if callback.name not in WATCHERS or idle:
        return None
    entry = catalogue.load().get("callbacks", callback.name)
    assert entry is not None
    return str(callback.arguments.get("monitor", entry.arguments["monitor"].default))


def with_modes(
    callbacks: Sequence[Component], history: HistoryNames, *, code: Collection[str] = ()
) -> tuple[list[Component], list[Problem]]:
    """Say which way is better where the config does not: by the metric itself, never by its name.

    Keras would look at the metric too, but it does not know one by the name that it has with several outputs.

    Args:
        callbacks: The config's callbacks.
        history: What the History will hold.
        code: Names that the user's own files define.

    Returns:
        The callbacks, each that watches with a `mode`; and a problem for each whose value nobody knows to be good.
    """
    told, problems = [], []
    for index, callback in enumerate(callbacks):
        if callback.name in WATCHERS and callback.name not in code and callback.arguments.get("mode", "auto") == "auto":
            monitor = watched(callback)
            direction = history.directions.get(monitor or "")
            if direction is None and monitor is not None:
                problems.append(_asked(callback, monitor, f"callbacks[{index}].{callback.name}"))
            # Keras asks a ModelCheckpoint that saves every epoch too, and fails when it cannot tell.
            callback = Component(callback.name, {**callback.arguments, "mode": direction or "min"})
        told.append(callback)
    return told, problems


def modes_against(
    callbacks: Sequence[Component], directions: Mapping[str, Direction]
) -> Iterator[tuple[str, str, str]]:
    """The callbacks that are told to keep the worst: (path, message, hint) of each."""
    for index, callback in enumerate(callbacks):
        monitor, mode = watched(callback), callback.arguments.get("mode", "auto")
        direction = directions.get(monitor or "")
        if mode in ("min", "max") and direction is not None and direction != mode:
            better = "more" if direction == "max" else "less"
            message = f"{callback.name} takes the {mode}imum of {monitor!r} for the best, and {better} is better"
            yield f"callbacks[{index}].{callback.name}.mode", message, f"use mode: {direction}, or leave it out"


def _asked(callback: Component, monitor: str, path: str) -> Problem:
    return Problem(
        f"nothing says whether more or less of {monitor!r} is better",
        path=path,
        hint=f"add mode: max or mode: min to {callback.name}; a metric class of your own says it by "
        'self._direction = "up" (or "down"), as Keras\'s do',
        rule="monitor-direction",
    )
