"""The types of numbers that an IDX file may hold."""

from __future__ import annotations

__all__ = ["TYPES"]

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The third byte of a file says what its numbers are."""
