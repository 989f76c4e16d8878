"""The options of images."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from dlcli.config.options.feature import Feature, Target
from dlcli.config.options.pictures import Channels, PixelScale, Resize, Size
from dlcli.config.options.section import ColumnName, Words

__all__ = ["FEATURE", "TARGET", "ImageFeature", "ImageTarget"]


class ImageFeature(Feature):
    """An image: a file that the column names (PNG, JPEG, BMP, GIF, WebP), or an array of unsigned bytes."""

    order: ClassVar[int] = 6
    synonyms: ClassVar[tuple[str, ...]] = ("picture", "photo", "img", "images")
    of_one: ClassVar[frozenset[str]] = Feature.of_one
    layers: ClassVar[frozenset[str]] = frozenset({"augment"})
    unstored: ClassVar[frozenset[str]] = frozenset({"augment"})

    type: Literal["image"] = "image"
    size: Size = Field(
        None, description="Height and width; when omitted, those of the images, which must all be alike."
    )
    resize: Resize = Field(
        "stretch",
        description="How an image comes to `size`: `stretch` it; `fit` it in whole and fill up with black; `pad`: the "
        "same, and a small one is not enlarged; `crop` what is over at the longer sides.",
    )
    channels: Channels = Field(
        None, description="1 or `gray`, 3 or `rgb`, 4 or `rgba`; when omitted, those of the images."
    )
    data_format: Literal["channels_last", "channels_first"] = Field(
        "channels_last", description="The order in which layers are given the axes, and in which an array has them."
    )
    scale: PixelScale = Field(
        "unit",
        description="What the model makes of the bytes first: `unit`: 0..1; `symmetric`: -1..1; `none`: 0..255, for "
        "networks that scale by themselves; `{divide: 255}`.",
    )
    augment: list[Annotated[Any, Words("a layer")]] = Field(
        default=[],
        description="Keras's layers that change images at random, in training alone: "
        "`[RandomFlip: {mode: horizontal}]`. They see pixels from 0 to 255, before they are scaled.",
    )
    on_error: Literal["fail", "skip"] = Field(
        "fail",
        description="What becomes of a row whose file is no image, or damaged: an error, or the row is left out of "
        "every split, and counted.",
    )

    @property
    def opens_files(self) -> bool:
        return True

    @property
    def scales_pixels(self) -> bool:
        return self.scale != "none"


class ImageTarget(Target):
    """An image to predict; or, with `classes`, a mask: a file whose pixels are numbers of classes."""

    order: ClassVar[int] = 6
    synonyms: ClassVar[tuple[str, ...]] = ("picture", "photo", "img", "mask", "segmentation")

    type: Literal["image"] = "image"
    size: Size = Field(
        None, description="Height and width; when omitted, those of the images, which must all be alike."
    )
    resize: Resize = Field(
        "stretch",
        description="How it comes to `size`: `stretch`, `fit`, `pad` or `crop`, as its image does. Where nothing of a "
        "mask is, nothing is learnt.",
    )
    channels: Channels = Field(
        None, description="1 or `gray`, 3 or `rgb`, 4 or `rgba`; when omitted, those of the images. No mask's."
    )
    scale: PixelScale = Field(
        "unit",
        description="What is learnt of the bytes: `unit`: 0..1; `symmetric`: -1..1; `none`: 0..255; `{divide: 255}`. "
        "Predictions, metrics and reports are of 0 to 255. No mask's.",
    )
    classes: Literal["auto"] | list[ColumnName] | None = Field(
        None,
        description="It is a mask: its gray values, or places in its palette, are classes; these in the order of the "
        "outputs, or `auto`: those that training masks have. It comes to `size` by the nearest pixel.",
    )
    ignore: list[ColumnName] | None = Field(
        None, min_length=1, description="Numbers of a mask that are no class and are not learnt, such as its border."
    )

    @model_validator(mode="after")
    def _masks_have_classes(self) -> ImageTarget:
        if self.ignore is not None and self.classes is None:
            raise PydanticCustomError("options", "`ignore` is for masks: say `classes: auto` as well")
        return self


FEATURE, TARGET = ImageFeature, ImageTarget
