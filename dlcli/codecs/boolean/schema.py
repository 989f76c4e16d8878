"""The options of truth values."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from dlcli.config.options.feature import Cells, Feature

__all__ = ["FEATURE", "BooleanFeature"]


class BooleanFeature(Feature):
    """true/false, yes/no, t/f, y/n, on/off or 1/0, in any case."""

    order: ClassVar[int] = 3
    synonyms: ClassVar[tuple[str, ...]] = ("bool", "binary")
    cells: ClassVar[Cells] = "boolean"

    type: Literal["boolean"] = "boolean"
    missing: Literal["error", "most_frequent"] | bool = Field(
        "most_frequent", description="What an empty cell becomes: an error, the most frequent value, true or false."
    )

    @property
    def filling(self) -> str:
        return {"most_frequent": "most frequent", "error": ""}.get(str(self.missing), str(self.missing).lower())


FEATURE = BooleanFeature
