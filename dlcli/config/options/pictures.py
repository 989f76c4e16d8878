"""The options of pictures, whatever type they are part of."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from dlcli.config.options.section import Divide, Spoken, Words, as_divisor

__all__ = ["Channels", "PixelScale", "Resize", "Size"]

CHANNELS = {"gray": 1, "grey": 1, "grayscale": 1, "rgb": 3, "rgba": 4}
"""What people call a number of channels."""


def _size(value: Any) -> Any:
    """`size: 64` is short for `[64, 64]`."""
    return [value, value] if type(value) is int and 0 < value <= 16384 else value


Size: TypeAlias = Annotated[
    Annotated[list[Annotated[int, Field(ge=1, le=16384)]], Field(min_length=2, max_length=2)] | None,
    BeforeValidator(_size),
    Words("`[height, width]`"),
]
"""Height and width; None where they are those of the pictures."""

Resize: TypeAlias = Literal["stretch", "fit", "pad", "crop"]
"""How a picture comes to its size."""

Channels: TypeAlias = Annotated[
    Literal[1, 3, 4] | None, BeforeValidator(Spoken(CHANNELS)), Words("1, 3, 4, or `gray`, `rgb`, `rgba`")
]
"""None where they are those of the pictures."""

PixelScale: TypeAlias = Annotated[Literal["unit", "symmetric", "none"] | Divide, BeforeValidator(as_divisor)]
"""What the model makes of bytes."""
