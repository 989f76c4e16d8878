"""How sequences of several lengths are brought to one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from dlcli.config.options.section import Section, Words

__all__ = ["Pad", "PadOption"]


class Pad(Section):
    """Sequences are filled up to one length, and cut to it."""

    length: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        "auto", description="Steps of every sample; `auto`: those of the longest training row."
    )
    side: Literal["end", "start"] = Field("end", description="Where shorter ones are filled up.")
    cut: Literal["end", "start"] = Field("end", description="Where longer ones lose steps.")
    mask: bool = Field(
        True, description="Whether layers that can, such as LSTM, pass over the steps that were filled up."
    )

    @property
    def steps(self) -> int | None:
        """The length that is asked for; None for that of the longest."""
        return None if self.length == "auto" else self.length

    def with_length(self, length: int) -> Pad:
        """The same, with the length that fitting has found."""
        return self.model_copy(update={"length": length})


def _written_out(value: Any) -> Any:
    """`pad: auto`, `pad: true` and `pad: 60` are short for mappings."""
    if value == "auto" or value is True:
        return {}
    return {"length": value} if isinstance(value, int) and value >= 1 else value


PadOption = Annotated[
    Pad,
    BeforeValidator(_written_out),
    Words("`auto`, a number of steps, or a mapping with keys such as `length`, `side` and `mask`"),
]
"""`Pad`, or short for it."""
