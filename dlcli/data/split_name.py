"""The three splits by name."""

from __future__ import annotations

from typing import Literal

__all__ = ["SplitName"]

SplitName = Literal["train", "validation", "test"]
