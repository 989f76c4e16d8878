"""Inputs that bend, of which a linear regression makes curves: waves and corners drawn at random, bumps, products."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["families"]

Numbers = NDArray[np.float64]

_DRAWS = 3
"""Families of waves and corners, each drawn anew: what one lacks another has."""

_ROWS_A_CURVE, _MOST_CURVES = 5, 25
"""Curves of a kind: one for so many rows, and no more than these."""

_WAVES = (0.5, 1.5)
"""How fast waves go up and down, in spreads of the inputs: slowly, and faster (Rahimi and Recht, 2007)."""

_DEEP = (1, 2)
"""Of how many inputs a step or a corner is: whether all of them are above a value that a row has."""

_WIDE = (0.5, 1.0)
"""How wide bumps are, in mean distances of rows."""

_TOGETHER = 98
"""Curves of a family and the inputs themselves at most: OpenBLAS inverts a matrix of 100 by several threads, which took
twenty times as long as by one on a machine that has something else to do."""

_MOST_BUMPS = 50

_SHARE = 0.3
"""Of the spread of the inputs themselves: what bends is only taken where it is worth more than what is straight."""


def families(inputs: Numbers, *, random: np.random.Generator) -> Iterator[Numbers]:
    """Several families of curves, in the units that the inputs are in.

    Args:
        inputs: (rows, inputs), in any units; those of a few rows that are far from all others do not blur the rest.
        random: Draws them.

    Yields:
        (rows, curves)

    Example:
        >>> [curves.shape for curves in families(np.eye(10), random=np.random.default_rng(1))]
        [(10, 18), (10, 18), (10, 18), (10, 10), (10, 55)]
    """
    inputs, (rows, width) = _squeezed(inputs), inputs.shape
    room = _TOGETHER - width
    count = max(min(rows // _ROWS_A_CURVE, _MOST_CURVES, (room - width) // 4), 1)
    for _ in range(_DRAWS):
        yield _scaled(np.column_stack([inputs, _waves(inputs, count, random), _corners(inputs, count, random)]))
    yield _scaled(_bumps(inputs, max(min(rows // 2, _MOST_BUMPS, room // 2), 1), random))
    yield _scaled(_products(inputs, room, random))


def _squeezed(inputs: Numbers) -> Numbers:
    """In units of the middle half of each, and softly held between -3 and 3, as the preset for tables has them."""
    low, middle, high = np.quantile(inputs, [0.25, 0.5, 0.75], axis=0)
    half = (high - low) / 1.349
    far = (inputs - middle) / np.where(half > 0, half, np.maximum(inputs.std(0), 1e-12))
    held: Numbers = far / np.sqrt(1 + (far / 3) ** 2)
    return held


def _scaled(curves: Numbers) -> Numbers:
    spread = curves.std(0)
    scaled: Numbers = (curves - curves.mean(0)) / np.where(spread > 0, spread, 1) * _SHARE
    return scaled


def _waves(inputs: Numbers, count: int, random: np.random.Generator) -> Numbers:
    width = inputs.shape[1]
    made = []
    for pace in _WAVES:
        directions = random.normal(size=(width, count)) * pace / np.sqrt(width)
        made.append(np.cos(inputs @ directions + random.uniform(0, 2 * np.pi, count)))
    return np.column_stack(made)


def _corners(inputs: Numbers, count: int, random: np.random.Generator) -> Numbers:
    rows, width = inputs.shape
    made = []
    for depth in _DEEP:
        of, at = (random.integers(0, most, (depth, count)) for most in (width, rows))
        above = inputs[:, of] > inputs[at, of][np.newaxis]
        made.append(above.all(1).astype(np.float64))
    return np.column_stack(made)


def _bumps(inputs: Numbers, count: int, random: np.random.Generator) -> Numbers:
    """Around some of the rows."""
    rows, width = inputs.shape
    centres = inputs[random.choice(rows, count, replace=False)]
    products = inputs @ centres.T
    distances = (inputs**2).sum(1)[:, np.newaxis] + (centres**2).sum(1) - 2 * products
    return np.column_stack([np.exp(-distances / (2 * wide**2 * width)) for wide in _WIDE])


def _products(inputs: Numbers, most: int, random: np.random.Generator) -> Numbers:
    """Of two inputs, and squares."""
    first, second = np.triu_indices(inputs.shape[1])
    if len(first) > most:
        chosen = random.choice(len(first), most, replace=False)
        first, second = first[chosen], second[chosen]
    made: Numbers = inputs[:, first] * inputs[:, second]
    return made
