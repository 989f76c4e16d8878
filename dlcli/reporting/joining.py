"""What several models say, as what one says: the mean of what they say of the same rows, or one after the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.reporting.seen import Seen
from dlcli.trained.averaging import averaged

__all__ = ["averaged_seen", "chained"]


def averaged_seen(said: Sequence[Sequence[Seen]]) -> list[Seen]:
    """The mean of what several models say of the same rows.

    Args:
        said: For each model its targets.
    """
    means = averaged([[each.decoded for each in seen] for seen in said])
    return [Seen(mean, seen.true) for mean, seen in zip(means, said[0], strict=True)]


def chained(parts: Sequence[Seen]) -> Seen:
    """What several models say of a target, each of rows of its own: all rows, one part after the other.

    Classes are met by their names, in the order in which the parts have them.
    """
    first = parts[0].decoded
    classes = tuple(dict.fromkeys(name for part in parts for name in part.decoded.classes))
    places = [np.array([classes.index(name) for name in part.decoded.classes], np.int64) for part in parts]

    def joined(name: str) -> NDArray[Any] | None:
        found = [getattr(part.decoded, name) for part in parts]
        return None if any(each is None for each in found) else np.concatenate(found)

    def spread(arrays: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
        """Arrays with a column for each class, the columns in the order of all classes."""
        made = []
        for array, place in zip(arrays, places, strict=True):
            if array is None:
                return None
            whole = np.zeros((*array.shape[:-1], len(classes)), array.dtype)
            whole[..., place] = array
            made.append(whole)
        return np.concatenate(made)

    def renumbered(arrays: Sequence[NDArray[Any] | None]) -> NDArray[np.int64] | None:
        if any(array is None for array in arrays):
            return None
        found = [
            np.where(array < 0, -1, place[np.maximum(array, 0)]) if len(place) else array
            for array, place in zip(arrays, places, strict=True)
            if array is not None
        ]
        return np.concatenate(found)

    trues = [part.true for part in parts]
    if first.chosen is not None:
        true = spread(trues)
    elif first.numbers is None and first.classes:
        true = renumbered(trues)
    else:
        true = np.concatenate(trues)
    assert true is not None
    sequences = [part.decoded.sequences for part in parts]
    decoded = dataclasses.replace(
        first,
        classes=classes,
        indices=renumbered([part.decoded.indices for part in parts]),
        probabilities=spread([part.decoded.probabilities for part in parts]),
        chosen=spread([part.decoded.chosen for part in parts]),
        numbers=joined("numbers"),
        embedding=joined("embedding"),
        values=None,
        quantiles=tuple(
            (level, np.concatenate([part.decoded.quantiles[place][1] for part in parts]))
            for place, (level, _) in enumerate(first.quantiles)
        ),
        sequences=None if first.sequences is None else pa.concat_arrays(sequences),
    )
    return Seen(decoded, true)
