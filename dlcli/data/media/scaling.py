"""Bytes stay bytes until they are in the model, which makes numbers of them: what it divides by, and adds then."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlcli.config.signature import EntranceLayer

__all__ = ["Scale", "Scaling"]

Scale: TypeAlias = Literal["unit", "symmetric", "none"] | float
"""To 0..1, to -1..1, not at all, or the number to divide by."""

_WAYS: Mapping[Scale, tuple[float, float]] = {"unit": (255.0, 0.0), "symmetric": (127.5, -1.0), "none": (1.0, 0.0)}


@dataclasses.dataclass(frozen=True, slots=True)
class Scaling:
    """A scale in numbers: bytes / `divisor` + `offset`.

    Args:
        divisor: What bytes are divided by.
        offset: What is added then.
    """

    divisor: float
    offset: float

    @classmethod
    def of(cls, scale: Scale) -> Scaling:
        """The scaling that a config asks for."""
        return cls(float(scale), 0.0) if isinstance(scale, (int, float)) else cls(*_WAYS[scale])

    @property
    def changes(self) -> bool:
        """Whether numbers are others afterwards."""
        return self.divisor != 1 or self.offset != 0

    @property
    def layer(self) -> EntranceLayer:
        """What does so in a model."""
        return EntranceLayer("Rescaling", {"scale": 1.0 / self.divisor, "offset": self.offset})

    def back(self, channels: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each channel of what the model sees is multiplied by, and what is added then, for the bytes again."""
        return np.full(channels, self.divisor), np.full(channels, 0.0 - self.offset * self.divisor)
