"""The best epoch is the last one, and validation was getting better until then: more epochs make a better model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dlcli.config.schema.component import Component
from dlcli.evaluation.trained_sight import Finding, TrainedSight

__all__ = ["find"]

FEWEST = 10
"""Epochs from which on a training is meant to have come to its end."""

LATE = 0.2
"""The part of the epochs that are the last ones."""

GAIN = 0.1
"""The part of all that validation gained that these gained at least, where it has not come to its end."""


def find(sight: TrainedSight) -> Iterator[Finding]:
    """The number of epochs. A schedule is made for its number of them, and comes to rest."""
    values = sight.curve("val_loss")
    if len(values) < FEWEST or sight.config.fit.phases or _is_scheduled(sight.config.compile.optimizer):
        return
    late = max(int(len(values) * LATE), 2)
    before, best = min(values[:-late]), min(values)
    whole = values[0] - best
    if values[-1] == best and whole > 0 and before - best >= GAIN * whole:
        yield Finding(
            "fit.epochs",
            f"the last epoch is the best, and val_loss fell from {before:.3g} to {best:.3g} in the last {late}",
            f"train longer: fit.epochs: {2 * len(values)}, or go on with `dlcli train --resume RUN --set fit.epochs=N`",
        )


def _is_scheduled(optimizer: Component) -> bool:
    return isinstance(optimizer.arguments.get("learning_rate"), (Mapping, Component))
