"""The options of films."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dlcli.config.options.feature import Feature
from dlcli.config.options.pictures import Channels, PixelScale, Resize, Size

__all__ = ["FEATURE", "VideoFeature"]


class VideoFeature(Feature):
    """A film: a folder of frames that the column names, a GIF or WebP that moves, or an array of unsigned bytes."""

    order: ClassVar[int] = 7
    synonyms: ClassVar[tuple[str, ...]] = ("film", "movie", "clip", "clips", "frames", "videos")

    type: Literal["video"] = "video"
    frames: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="Frames of a sample; when omitted, those of the films, which must all have as many."
    )
    sample: Literal["even", "start"] = Field(
        "even", description="Which frames of a longer film: evenly from all of it, or those at its start."
    )
    short: Literal["repeat", "black", "error"] = Field(
        "repeat",
        description="What follows a film of fewer frames: its last frame again, black frames; or it is an error.",
    )
    size: Size = Field(
        None, description="Height and width; when omitted, those of the frames, which must all be alike."
    )
    resize: Resize = Field(
        "stretch",
        description="How a frame comes to `size`: `stretch` it; `fit` it in whole and fill up with black; `pad`: the "
        "same, and a small one is not enlarged; `crop` what is over at the longer sides.",
    )
    channels: Channels = Field(
        None, description="1 or `gray`, 3 or `rgb`, 4 or `rgba`; when omitted, those of the frames."
    )
    data_format: Literal["channels_last", "channels_first", "frames_first"] = Field(
        "channels_last",
        description="The order in which layers are given the axes, and in which an array has them: (frames, height, "
        "width, channels); `channels_first`: (channels, frames, height, width), as Conv3D has it by that name; "
        "`frames_first`: (frames, channels, height, width), as ConvLSTM2D and TimeDistributed have it.",
    )
    scale: PixelScale = Field(
        "unit",
        description="What the model makes of the bytes first: `unit`: 0..1; `symmetric`: -1..1; `none`: 0..255; "
        "`{divide: 255}`.",
    )
    on_error: Literal["fail", "skip"] = Field(
        "fail",
        description="What becomes of a row whose frames cannot be read, or that has none: an error, or the row is left "
        "out of every split, and counted.",
    )

    @property
    def opens_files(self) -> bool:
        return True

    @property
    def scales_pixels(self) -> bool:
        return self.scale != "none"


FEATURE = VideoFeature
