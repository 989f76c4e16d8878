"""A callback that waits for longer than the training lasts does nothing; a trial of two epochs is left in peace."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.lint.output import Finding, Output
from dlcli.config.schema import Config
from dlcli.config.schema.component import Component

__all__ = ["find"]

TRIAL = 2
"""Epochs of a trial, in which it does not matter that a callback has no time to act."""


def find(config: Config, output: Output) -> Iterator[Finding]:
    """Each place where that is so."""
    epochs = max((phase.epochs for phase in config.fit.phases or ()), default=config.fit.epochs)
    for index, callback in enumerate(config.callbacks):
        if epochs <= TRIAL or callback.name not in ("EarlyStopping", "ReduceLROnPlateau"):
            continue
        validated = str(callback.arguments.get("monitor", "val_loss")).startswith("val_")
        every = config.fit.validation_freq if validated else 1
        begins = _whole(callback, "start_from_epoch")
        seen = epochs // every - begins // every
        patience = _whole(callback, "patience", 10 if callback.name == "ReduceLROnPlateau" else 0)
        path = f"callbacks[{index}].{callback.name}"
        if seen <= 0 < begins:
            yield Finding(
                f"{path}.start_from_epoch",
                f"it begins to look after epoch {begins}, and the training has {epochs}: it does nothing",
                f"a start_from_epoch well below {epochs}, or more epochs",
            )
            continue
        in_time = seen - (epochs % every == 0)  # what is done after the last epoch has no effect
        needed = max(patience, 1) + 1 if callback.arguments.get("baseline") is None else max(patience, 2)
        if seen > 0 and needed > in_time and callback.arguments.get("restore_best_weights") is not True:
            looks = f"{epochs} epochs" if seen == epochs else f"{seen} of {epochs} epochs that it looks at"
            yield Finding(
                f"{path}.patience",
                f"a patience of {patience} is not over before the {looks} are: it does nothing",
                f"a patience below {in_time}, or more epochs" if in_time > 1 else "more epochs",
            )


def _whole(callback: Component, argument: str, default: int = 0) -> int:
    value = callback.arguments.get(argument, default)
    return value if isinstance(value, int) else default
