"""How wrong a model is: on each row, and on all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dlcli.reporting.seen import Seen

__all__ = ["measure", "measure_of", "mistake_sizes"]

LEAST_PROBABILITY = 1e-7

Floats = NDArray[np.float64]


def measure_of(seen: Seen) -> tuple[float, str] | None:
    """How wrong the model is on a target, and what that is called; None where it cannot be told."""
    sizes = mistake_sizes(seen)
    if sizes is None or not np.isfinite(sizes).any():
        return None
    called = "RMSE" if seen.decoded.numbers is not None else "error rate"
    return measure(sizes, seen), called if seen.decoded.probabilities is None else "log loss"


def measure(sizes: Floats, seen: Seen) -> float:
    """How wrong the model is where it is so wrong on rows, `(rows,)`; 0 where nothing is known.

    Args:
        sizes: See `mistake_sizes`.
        seen: Tells what they are.
    """
    known = sizes[np.isfinite(sizes)]
    if not known.size:
        return 0.0
    return float(np.sqrt((known**2).mean()) if seen.decoded.numbers is not None else known.mean())


def mistake_sizes(seen: Seen) -> Floats | None:
    """How wrong each row is, `(rows,)`: the log loss of classes, or 1 for wrong and 0 for right where there are no
    probabilities; the root of the mean squared error of numbers. NaN where nothing is known."""
    decoded = seen.decoded
    with np.errstate(invalid="ignore", divide="ignore"):
        if decoded.numbers is not None and decoded.target:
            apart = (np.asarray(decoded.numbers, np.float64) - seen.true).reshape(len(seen.true), -1)
            return np.asarray(np.sqrt((apart**2).mean(axis=1)))
        if decoded.chosen is not None:
            return _of_sets(seen)
        if decoded.indices is None:
            return None
        return _of_classes(seen)


def _of_sets(seen: Seen) -> Floats:
    decoded = seen.decoded
    if decoded.probabilities is None:
        assert decoded.chosen is not None
        return np.asarray(np.not_equal(decoded.chosen, seen.true).mean(axis=1), np.float64)
    chance = np.clip(np.asarray(decoded.probabilities, np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return np.asarray(-np.where(seen.true, np.log(chance), np.log1p(-chance)).mean(axis=1))


def _of_classes(seen: Seen) -> Floats:
    decoded, true = seen.decoded, seen.true
    assert decoded.indices is not None
    known = true >= 0
    if decoded.probabilities is None:
        wrong = np.where(known, (decoded.indices != true).astype(np.float64), np.nan)
    else:
        own = np.take_along_axis(decoded.probabilities, np.maximum(true, 0)[..., np.newaxis], axis=-1)[..., 0]
        wrong = np.where(known, -np.log(np.clip(own.astype(np.float64), LEAST_PROBABILITY, 1.0)), np.nan)
    flat = wrong.reshape(len(true), -1)
    counted = np.maximum(np.isfinite(flat).sum(axis=1), 1)
    return np.asarray(np.where(known.reshape(len(true), -1).any(axis=1), np.nansum(flat, axis=1) / counted, np.nan))
