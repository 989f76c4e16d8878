"""A training loss far below that of validation: the rows are learnt by heart, and others are predicted no better."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.config.checks.modes import watched
from dlcli.config.schema.component import Component
from dlcli.evaluation.trained_sight import Finding, TrainedSight

__all__ = ["find"]

FEWEST = 5
"""Epochs from which on it can be told."""

FEWEST_ROWS = 50
"""Rows of validation from which on its loss is not that of one row that was missed."""

ROSE = 2.0
"""How many times its best the validation loss is, where it has risen."""

BELOW = 0.5
"""The part of the validation loss that the training loss is, where it is far below."""

NOTHING = 0.02
"""A validation loss that is as good as none, as part of what it was after the first epoch."""


def find(sight: TrainedSight) -> Iterator[Finding]:
    """The model that is kept, where an earlier epoch was better by far. Who keeps the best by accuracy knows why."""
    is_chance = sight.num_validated is not None and sight.num_validated < FEWEST_ROWS
    if is_chance or any(_keeps_best(callback) for callback in sight.config.callbacks):
        return
    losses, validated = sight.curve("loss"), sight.curve("val_loss")
    if sight.weighted or len(losses) < FEWEST or len(validated) != len(losses):
        return
    numbers = [row.get("epoch") for row in sight.history]
    place = numbers.index(sight.model_epoch) if sight.model_epoch in numbers else len(losses) - 1
    best = min(validated)
    loss, now = losses[place], validated[place]
    if best <= 0 or now < ROSE * best or now < NOTHING * validated[0] or loss > BELOW * now:
        return
    yield Finding(
        "fit.epochs",
        f"val_loss was {best:.3g} in epoch {validated.index(best) + 1} and is {now:.3g}, and the loss of the rows that "
        f"are trained on is {loss:.3g}: they are learnt by heart",
        "keep the best epoch: EarlyStopping: {patience: 10, restore_best_weights: true}; Dropout, fewer units or more "
        "rows hold it off",
    )


def _keeps_best(callback: Component) -> bool:
    restores = callback.name == "EarlyStopping" and callback.arguments.get("restore_best_weights") is True
    return (restores or callback.name == "KeepBest") and (watched(callback) or "").startswith("val_")
