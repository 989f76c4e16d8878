"""The digits of predicted numbers in text: those that the computation has, and not its noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SIGNIFICANT", "round_numbers"]

SIGNIFICANT = 6
"""Models compute in float32, which has seven digits; the seventh differs from one machine or runtime to another."""

EXACT = 22
"""Powers of ten up to this one are whole numbers that float64 holds exactly."""


def round_numbers(values: NDArray[np.floating], *, offset: float = 0.0, scale: float = 1.0) -> NDArray[np.floating]:
    """Numbers with as many digits as are significant, as their type.

    What a model computed is `(value - offset) / scale`. Where an offset was added, that has the digits: it is not the
    size of the value that counts but how far it is from the offset, and at least the scale.

    Args:
        values: `(rows,)`, float32 or float64.
        offset: What was added to them after they were computed.
        scale: What they were multiplied by before.

    Example:
        >>> round_numbers(np.array([0.12345678, 1018.5810043930417]))
        array([1.23457e-01, 1.01858e+03])
        >>> round_numbers(np.array([1700000012.3456789]), offset=1.7e9, scale=10.0)
        array([1.70000001e+09])
    """
    wide = values.astype(np.float64)
    size = np.abs(wide) if offset == 0 else np.maximum(np.abs(wide - offset), abs(scale))
    sound = np.isfinite(size) & (size > 0)
    exponents = np.floor(np.log10(np.where(sound, size, 1.0)))
    places = SIGNIFICANT - 1 - exponents.astype(np.int64)
    # A quotient of two exact numbers is the nearest to its decimal: it prints with these digits and no more.
    up, down = 10.0 ** np.clip(places, 0, 300), 10.0 ** np.clip(-places, 0, 300)
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.round(wide * up / down) * down / up + 0.0
    rounded = np.where(sound & np.isfinite(rounded), rounded, wide)
    if values.dtype == np.float64:  # float32 is too coarse to show that a larger power is not exact
        for row in np.flatnonzero(sound & (np.abs(places) > EXACT)):
            rounded[row] = round(float(wide[row]), int(places[row])) + 0.0
    return rounded.astype(values.dtype)
