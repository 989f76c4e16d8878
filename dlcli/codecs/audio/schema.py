"""The options of sounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.options.feature import Feature
from dlcli.config.options.section import Spoken, Words

__all__ = ["FEATURE", "AudioFeature"]


class AudioFeature(Feature):
    """A sound: a WAV file that the column names, as samples from -1 to 1 of shape (samples, channels)."""

    order: ClassVar[int] = 8
    synonyms: ClassVar[tuple[str, ...]] = ("sound", "wav", "wave", "waveform", "speech")

    type: Literal["audio"] = "audio"
    rate: Annotated[int, Field(ge=1, le=768_000)] | None = Field(
        None, description="Samples a second, such as 16000; when omitted, those of the files, which must all be alike."
    )
    length: Annotated[float, Field(gt=0, le=86_400)] | None = Field(
        None, description="Seconds; when omitted, those of the files, which must all be alike."
    )
    channels: Annotated[
        Annotated[int, Field(ge=1, le=64)],
        BeforeValidator(Spoken({"mono": 1, "stereo": 2})),
        Words("a number, or `mono`, `stereo`"),
    ] = Field(
        1,
        description="1 or `mono`: the mean of all that there are; 2 or `stereo`, and more: those of the files; one "
        "alone stands for each.",
    )
    resample: bool = Field(
        False, description="Bring files of another rate to `rate`; when false, such a file is an error."
    )
    short: Literal["silence", "repeat", "error"] = Field(
        "silence",
        description="What becomes of one shorter than `length`: silence follows it, it is repeated, or it is an error.",
    )
    long: Literal["start", "center", "error"] = Field(
        "start", description="What is kept of one that is longer: its start, its center, or it is an error."
    )
    on_error: Literal["fail", "skip"] = Field(
        "fail",
        description="What becomes of a row whose file is no WAV file, or damaged: an error, or the row is left out of "
        "every split, and counted.",
    )

    @model_validator(mode="after")
    def _rates_are_known(self) -> AudioFeature:
        if self.resample and self.rate is None:
            raise PydanticCustomError("options", "`resample` needs the rate that it is to bring sounds to: `rate`")
        return self

    @property
    def sound_rate(self) -> int | None:
        return self.rate

    def fitted(self, state: Mapping[str, Any]) -> Self:
        return self.model_copy(update={"rate": state["rate"], "length": state["length"]})

    @property
    def opens_files(self) -> bool:
        return True


FEATURE = AudioFeature
