"""The members of a job of several trainings: ordinary configs, each of which `dlcli train` trains alike when alone."""

from __future__ import annotations

import dataclasses
import hashlib

from dlcli.config.schema import Config, Fold
from dlcli.runs.members import numbered_names

__all__ = ["Member", "ensemble_members", "fold_members", "member_seeds"]


@dataclasses.dataclass(frozen=True)
class Member:
    """One training of several.

    Args:
        name: Of its directory.
        config: Its own, whole.
    """

    name: str
    config: Config


def ensemble_members(config: Config) -> tuple[Member, ...]:
    """The members of an ensemble: the same rows, divided by the config's seed, and a seed of its own for each."""
    assert isinstance(config.ensemble, int)
    data = config.data.model_copy(update={"seed": config.data_seed})
    names = numbered_names("member", config.ensemble)
    return tuple(
        Member(name, config.model_copy(update={"ensemble": None, "seed": seed, "data": data}))
        for name, seed in zip(names, member_seeds(config.seed, config.ensemble), strict=True)
    )


def member_seeds(seed: int, count: int) -> tuple[int, ...]:
    """So many seeds, all others; the first is the one given, so that the first member is the model without an ensemble.

    Example:
        >>> member_seeds(7, 2)
        (7, 1989829764)
    """
    seeds = [seed]
    number = 0
    while len(seeds) < count:
        number += 1
        drawn = int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:4], "big")
        if drawn not in seeds:
            seeds.append(drawn)
    return tuple(seeds)


def fold_members(config: Config, folds: int, repeats: int) -> tuple[Member, ...]:
    """The members of a cross-validation, one repeat after the other."""
    made = []
    for repeat in range(1, repeats + 1):
        for number, name in enumerate(numbered_names("fold", folds), start=1):
            fold = Fold(number=number, of=folds, repeat=repeat)
            own = name if repeats == 1 else f"repeat-{repeat}-{name}"
            made.append(Member(own, config.model_copy(update={"data": config.data.at_fold(fold)})))
    return tuple(made)
