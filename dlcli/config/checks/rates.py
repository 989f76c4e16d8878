"""Callbacks that set the learning rate, and optimizers whose rate is a schedule's: the two cannot be together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dlcli.config.schema.component import Component
from dlcli.errors import Problem

__all__ = ["RATE_SETTERS", "check_rates"]

RATE_SETTERS = ("LearningRateScheduler", "ReduceLROnPlateau")
"""Keras's callbacks that set the optimizer's rate, and write it into the History."""


def check_rates(callbacks: Sequence[Component], optimizer: Component, *, code: Collection[str] = ()) -> list[Problem]:
    """The callbacks that would set a rate which a schedule sets already; Keras fails when they first try.

    Args:
        callbacks: The config's callbacks.
        optimizer: The config's optimizer.
        code: Names that the user's own files define.

    Example:
        >>> optimizer = Component("SGD", {"learning_rate": {"CosineDecay": {"decay_steps": 9}}})
        >>> [problem.rule for problem in check_rates([Component("ReduceLROnPlateau")], optimizer)]
        ['rate-of-schedule']
    """
    schedule = _schedule(optimizer)
    if schedule is None:
        return []
    return [
        Problem(
            f"{callback.name} sets the learning rate, and the optimizer's is set by the schedule {schedule}",
            path=f"callbacks[{index}].{callback.name}",
            hint=f"give {optimizer.name} a number as learning_rate, or leave {callback.name} out",
            rule="rate-of-schedule",
        )
        for index, callback in enumerate(callbacks)
        if callback.name in RATE_SETTERS and callback.name not in code
    ]


def _schedule(optimizer: Component) -> str | None:
    """The name of the schedule that an optimizer, or one inside it, takes its rate from."""
    rate: Any = optimizer.arguments.get("learning_rate")
    if isinstance(rate, (str, Mapping)):
        try:
            return Component.parse(rate).name
        except ValueError:
            return None  # reported where it stands
    inner = optimizer.arguments.get("inner_optimizer")
    try:
        return None if inner is None else _schedule(Component.parse(inner))
    except ValueError:
        return None
