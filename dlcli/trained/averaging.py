"""The mean of what several models say of the same rows, each in its target's own terms.

Classes are met by their names, numbers in their own unit: each member may have encoded them in a way of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlcli.trained.decoding import Decoded

__all__ = ["averaged"]


def averaged(members: Sequence[Sequence[Decoded]], *, threshold: float | None = None) -> list[Decoded]:
    """What several models say together.

    Args:
        members: For each model its predictions, a `Decoded` for each target, of the same rows.
        threshold: See `Columns`.

    Returns:
        Probabilities and numbers are the means of the members'; classes without probabilities those that most of them
        say. Where one member says nothing, nothing is said.
    """
    if len(members) == 1:
        return list(members[0])
    return [_mean(each, threshold) for each in zip(*members, strict=True)]


def _mean(parts: Sequence[Decoded], threshold: float | None) -> Decoded:
    first = parts[0]
    if first.numbers is not None:
        return dataclasses.replace(
            first,
            numbers=np.asarray(np.mean([part.numbers for part in parts if part.numbers is not None], axis=0)),
            quantiles=tuple(
                (level, np.mean([part.quantiles[place][1] for part in parts], axis=0))
                for place, (level, _) in enumerate(first.quantiles)
            ),
        )
    found = [part.indices for part in parts if part.indices is not None]
    nothing = np.asarray(np.min(found, axis=0) < 0)
    if first.probabilities is None:
        return _voted(parts, nothing)
    in_order = np.stack([_in_order(part, first.classes) for part in parts])
    mean = np.asarray(in_order.mean(axis=0, dtype=np.float64), np.float32)
    cut = np.float32(0.5 if threshold is None else threshold)
    indices = np.asarray(mean.argmax(axis=-1), np.int64)
    if first.chosen is not None:
        return dataclasses.replace(
            first,
            indices=indices,
            probabilities=mean,
            chosen=(mean > cut) & ~np.isnan(mean).any(axis=-1, keepdims=True),
        )
    if len(first.classes) == 2:
        indices = (mean[..., 1] > cut).astype(np.int64)
    return dataclasses.replace(first, indices=np.where(nothing, -1, indices), probabilities=mean)


def _in_order(part: Decoded, classes: tuple[str, ...]) -> NDArray[np.floating]:
    """A member's probabilities, its classes in the order of the first one's."""
    assert part.probabilities is not None
    if part.classes == classes:
        return part.probabilities
    return part.probabilities[..., [part.classes.index(name) for name in classes]]


def _voted(parts: Sequence[Decoded], nothing: NDArray[np.bool_]) -> Decoded:
    """The class that most members say, the first of equals; of sets those classes that more than half of them say."""
    first = parts[0]
    if first.chosen is not None:
        found = [
            part.chosen[:, [part.classes.index(name) for name in first.classes]]
            for part in parts
            if part.chosen is not None
        ]
        return dataclasses.replace(first, chosen=np.mean(found, axis=0) > 0.5)
    places = [np.array([first.classes.index(name) for name in part.classes]) for part in parts]
    given = [part.indices for part in parts if part.indices is not None]
    votes = [place[np.maximum(own, 0)] for place, own in zip(places, given, strict=True)]
    counts = np.stack([np.sum([vote == number for vote in votes], axis=0) for number in range(len(first.classes))])
    return dataclasses.replace(first, indices=np.where(nothing, -1, counts.argmax(axis=0)))
