"""Numbers far from the others come nearer, and their order stays."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["FARTHEST", "LIMIT", "clip", "unclip"]

Floats = NDArray[np.float64]

LIMIT: Final = 3.0
"""What a number comes near to, however far it is."""

FARTHEST: Final = 1e15
"""What is farther is taken for this: its square is a number still, in float32 too."""


def clip(values: Floats) -> Floats:
    """`x / sqrt(1 + (x / 3)^2)`: x where it is small, and never 3.

    Example:
        >>> clip(np.array([0.0, 4.0])).tolist()
        [0.0, 2.4]
    """
    near: Floats = np.clip(values, -FARTHEST, FARTHEST)
    return near / np.sqrt(1 + (near / LIMIT) ** 2)


def unclip(values: Floats) -> Floats:
    """What `clip` makes these of; from 3 on there is none, and the greatest that is near it is given."""
    near = np.clip(values, -LIMIT * (1 - 1e-9), LIMIT * (1 - 1e-9))
    return near / np.sqrt(1 - (near / LIMIT) ** 2)
