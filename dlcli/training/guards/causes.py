"""Why a loss becomes NaN or infinite: what is likely, in the order of what is known of the job."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dlcli.config.schema import Config
from dlcli.config.schema.component import normal_name

__all__ = ["likely_causes"]

MOST_CAUSES = 4

SHOWN = 3
"""So many columns are named."""

GROWN = 10.0
"""A loss that is so many times what it was at its least has been running away."""

OF_LOGARITHMS = frozenset({"poisson", "kldivergence", "meansquaredlogarithmicerror", "msle", "kld"})
"""Losses that take the logarithm of what the model gives, or of what it should give."""


def likely_causes(config: Config, model: Any, *, faulty: Sequence[str], before: Sequence[float]) -> list[str]:
    """What to do about it, the most likely first.

    Args:
        config: The config of the job.
        model: The compiled model.
        faulty: The losses that are no numbers, by Keras's names.
        before: The loss of each epoch before.
    """
    rate = f"lower the learning rate{_rate(model)}"
    ways = [*_of_validation(faulty), *_of_features(config), *_of_outputs(config)]
    if _has_grown(before):
        ways.insert(0, f"{rate}: the loss grew from {min(before):.4g} to {before[-1]:.4g} before")
    elif not _is_validation(faulty):
        ways.insert(sum(1 for _ in _of_features(config)), rate)
    if not getattr(model.optimizer, "clipnorm", None) and not _is_validation(faulty):
        ways.append("set the optimizer's clipnorm, to 1 for instance")
    return ways[:MOST_CAUSES]


def _is_validation(faulty: Sequence[str]) -> bool:
    return all(name.startswith("val_") for name in faulty)


def _has_grown(before: Sequence[float]) -> bool:
    return bool(before) and before[-1] > GROWN * max(min(before), 0.0) > 0


def _rate(model: Any) -> str:
    """The learning rate as it is now."""
    rate = getattr(model.optimizer, "learning_rate", None)
    return "" if rate is None else f", which is {float(rate):.4g}"


def _of_validation(faulty: Sequence[str]) -> Iterator[str]:
    if _is_validation(faulty):
        yield "see what the validation split holds that the training rows do not: the training's loss is a number"


def _of_features(config: Config) -> Iterator[str]:
    features = config.data.features or {}
    plain = [name for name, each in features.items() if getattr(each, "scale", "") == "none"]
    if plain:
        yield f"scale the features: {_some(plain)} come as they are (scale: none)"
    texts = [name for name, each in features.items() if getattr(each, "type", "") == "text"]
    if texts:
        yield f"look for empty texts in {_some(texts)}: under a masked average they are 0/0"


def _of_outputs(config: Config) -> Iterator[str]:
    loss = config.compile.loss
    losses = loss.values() if isinstance(loss, dict) else [loss]
    names = [each.name for each in losses if each is not None and normal_name(each) in OF_LOGARITHMS]
    if names:
        yield f"{names[0]} takes a logarithm: outputs and targets have to be above 0"
    targets = config.data.target
    plain = [name for name, each in targets.items() if getattr(each, "scale", "") == "none"]
    if plain:
        yield f"scale the target: {_some(plain)} is learnt as it is (scale: none)"
    if config.runtime.precision == "mixed_float16":
        yield "use precision: mixed_bfloat16, for float16 ends at 65504"
    if config.code:
        yield f"look for a division by 0 or the logarithm of 0 in {Path(config.code[0]).name}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(itertools.islice(names, SHOWN))
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"
