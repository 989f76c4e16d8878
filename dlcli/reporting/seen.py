"""What a model says of a target beside what is right: what most parts of a report are made of."""

from __future__ import annotations

import dataclasses
from typing import Any

from numpy.typing import NDArray

from dlcli.trained.decoding import Decoded

__all__ = ["Seen"]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a model says of one target, and what is right.

    Args:
        decoded: What it says, row by row.
        true: Class indices `(rows, *axes)`, numbers `(rows, *axes, width)` in their own unit, or whether each class is
            in the set `(rows, classes)`.
    """

    decoded: Decoded
    true: NDArray[Any]

    @property
    def name(self) -> str:
        """What the target is called."""
        return self.decoded.called or self.decoded.target
