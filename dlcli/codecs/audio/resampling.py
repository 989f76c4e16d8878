"""A sound at another rate: each new sample is a weighted sum of the old ones around it, by a windowed sinc.

What is above half of the lower of the two rates is filtered out, so that nothing comes back as a tone that was not
there. Only the old samples around the part that is wanted are needed.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["needed", "resampled"]

ZEROS = 24
"""Zeros of the sinc on each side. What lies within a twentieth below half of the lower rate is weakened already."""

ATTENUATION = 10.0
"""The shape of the window of Kaiser and Bessel: what is filtered out is 100 dB weaker."""

ROLLOFF = 0.95

_PHASES = 1024
"""Of two rates with more different places between two old samples, weights are computed where they are needed."""

_AT_ONCE = 4096
"""New samples that are summed up together, so that weights take little memory."""


def needed(start: int, stop: int, *, rate: int, wanted: int) -> tuple[int, int]:
    """The old samples that a part of the new ones is made of; before 0 and after the end there is silence.

    Args:
        start: The first new sample.
        stop: The one after the last.
        rate: Old samples a second.
        wanted: New samples a second.
    """
    half = _half(rate, wanted)
    return start * rate // wanted - half, (stop - 1) * rate // wanted + half + 2


def resampled(samples: NDArray[np.float64], start: int, stop: int, *, rate: int, wanted: int) -> NDArray[np.float64]:
    """A part of the new samples.

    Args:
        samples: The old ones from `needed`, `(samples, channels)`.
        start: The first new one.
        stop: The one after the last.
        rate: Old samples a second.
        wanted: New samples a second.

    Returns:
        `(stop - start, channels)`.
    """
    shared = math.gcd(rate, wanted)
    up, down = wanted // shared, rate // shared
    first, _ = needed(start, stop, rate=rate, wanted=wanted)
    half = _half(rate, wanted)
    around = np.arange(1 - half, half + 1)
    result = np.empty((stop - start, samples.shape[1]))
    for begin in range(start, stop, _AT_ONCE):
        places = np.arange(begin, min(begin + _AT_ONCE, stop), dtype=np.int64)
        before, phases = np.divmod(places * down, up)
        weights = _table(up, down)[phases] if up <= _PHASES else _weights(phases, up, down)
        parts = samples[(before - first)[:, None] + around]
        result[begin - start : begin - start + len(places)] = np.einsum("nk,nkc->nc", weights, parts)
    return result


def _half(rate: int, wanted: int) -> int:
    """Old samples on each side of a new one that count."""
    return math.ceil(ZEROS / _cutoff(rate, wanted))


def _cutoff(rate: int, wanted: int) -> float:
    """What is kept, as a part of half of the old rate."""
    return ROLLOFF * min(1.0, wanted / rate)


@functools.lru_cache(maxsize=8)
def _table(up: int, down: int) -> NDArray[np.float64]:
    return _weights(np.arange(up, dtype=np.int64), up, down)


def _weights(phases: NDArray[np.int64], up: int, down: int) -> NDArray[np.float64]:
    """The weights `(phases, 2 * half)` of the old samples around new ones that lie so many parts behind an old one."""
    cutoff, half = _cutoff(down, up), _half(down, up)
    distances = np.arange(1 - half, half + 1) - (phases / up)[:, None]
    window = np.i0(ATTENUATION * np.sqrt(np.maximum(0.0, 1 - (distances / half) ** 2))) / np.i0(ATTENUATION)
    weights = np.sinc(cutoff * distances) * window
    # A constant stays what it is, whatever the place.
    normalized: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return normalized
