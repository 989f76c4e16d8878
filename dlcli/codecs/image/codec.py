"""Images: files that a column names, or an array of bytes, as pixels of one size; scaled by the model itself."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlcli.config.catalogue import entries as catalogue
from dlcli.config.schema.component import Component
from dlcli.config.signature import EntranceLayer
from dlcli.data.columns.cell_faults import no_values
from dlcli.data.columns.codec import Codec, Column, Encoded
from dlcli.data.media.decoding import Pixels, Resize, from_pixels
from dlcli.data.media.files import LISTED, File, NumberedFiles, files_of, present_files, refuse
from dlcli.data.media.loading import load, looks
from dlcli.data.media.scaling import Scale, Scaling
from dlcli.errors import DataError, Problem

if TYPE_CHECKING:
    from dlcli.codecs.image.schema import ImageFeature

__all__ = ["CODEC", "PACKAGES", "ImageCodec", "build"]

PACKAGES = ("pillow",)
"""What decodes: another version may give other pixels."""

DataFormat: TypeAlias = Literal["channels_last", "channels_first"]


class ImageCodec:
    """Decodes images to `(height, width, channels)` uint8. What makes numbers of the bytes is in the model.

    So a batch takes a quarter of the memory that it takes as numbers, and whoever runs the model elsewhere hands over
    plain pixels. Layers of the config see, in training, what `augment` made of the pixels, scaled.

    Args:
        columns: The one column: of names of files, or an array `(rows, height, width)` or with channels.
        size: Height and width; those of the images when None, which must then be alike.
        channels: 1, 3 or 4; those of the images when None.
        resize: How an image comes to `size`.
        data_format: The order of the axes that layers are given, and that an array has.
        scale: What the model makes of 0..255: `unit` 0..1, `symmetric` -1..1, `none`, or the number to divide by.
        augment: Layers in the notation of the config.
        on_error: Whether rows are left out whose files cannot be decoded.
        seed: Of the layers that draw and are given none.

    Example:
        >>> codec = ImageCodec(("x",))
        >>> codec.fit([np.zeros((2, 8, 8), np.uint8)])
        >>> codec.finish()
        >>> codec.shape
        (8, 8, 1)
    """

    type: ClassVar[str] = "image"
    dtype: Literal["uint8"] = "uint8"
    vocabulary: None = None
    embedding: None = None
    opens_files: Literal[True] = True
    stand_in: str = "nothing"

    def __init__(
        self,
        columns: Sequence[str],
        *,
        size: Sequence[int] | None = None,
        channels: int | None = None,
        resize: Resize = "stretch",
        data_format: DataFormat = "channels_last",
        scale: Scale = "unit",
        augment: Sequence[Any] = (),
        on_error: Literal["fail", "skip"] = "fail",
        seed: int = 0,
    ) -> None:
        self.columns = tuple(columns)
        self.gaps = 0
        self._size = None if size is None else (size[0], size[1])
        self._channels = channels
        self._resize: Resize = resize
        self._resizes = size is not None
        self._format: DataFormat = data_format
        self._scale: Scale = scale
        self._augment = list(augment)
        self._on_error: Literal["fail", "skip"] = on_error
        self._seed = seed
        self._is_array = False
        self._sizes: dict[tuple[int, int], str] = {}  # each with the first image that has it
        self._depths: dict[int, str] = {}
        self._faults: list[Problem] = []
        self._files = NumberedFiles()
        self._rows = 0

    @property
    def reads(self) -> Literal["number", "text"]:
        """Names of files, or an array."""
        return "number" if self._is_array else "text"

    @property
    def shape(self) -> tuple[int, ...]:
        """`(height, width, channels)`, whatever the order that layers are given."""
        assert self._size is not None
        assert self._channels is not None
        return (*self._size, self._channels)

    @property
    def entrance(self) -> tuple[EntranceLayer, ...]:
        """To numbers, changed at random in training, scaled, and the axes in the order that is asked for."""
        scaling = Scaling.of(self._scale)
        layers = [EntranceLayer("Rescaling", {"scale": 1.0})] if self._augment else []
        for place, item in enumerate(self._augment):
            layers.append(_seeded(Component.parse(item), ("augment", place), self._seed_of(place)))
        if not self._augment or scaling.changes:
            layers.append(scaling.layer)
        if self._format == "channels_first":
            layers.append(EntranceLayer("Permute", {"dims": [3, 1, 2]}))
        return tuple(layers)

    @property
    def linear(self) -> bool:
        """`offset` and `scale` are all of the scaling."""
        return True

    @property
    def offset(self) -> NDArray[np.float64]:
        """What is added to what the model makes of each channel, after `scale`, for the bytes again."""
        return Scaling.of(self._scale).back(self.shape[2])[1]

    @property
    def scale(self) -> NDArray[np.float64]:
        """What the model divides each channel by."""
        return Scaling.of(self._scale).back(self.shape[2])[0]

    @property
    def axes_order(self) -> tuple[int, ...]:
        """The axes of a sample in the order in which layers are given them."""
        return (2, 0, 1) if self._format == "channels_first" else (0, 1, 2)

    def fit(self, values: Sequence[Column]) -> None:
        """Look at the size and the channels of training images, where these are not given.

        Raises:
            DataError: An array that is none of images.
        """
        (column,) = values
        self._rows += len(column)
        if isinstance(column, np.ndarray) and column.ndim > 1:
            self._is_array = True
            array = self._as_images(column)
            if not len(array):
                return
            self._sizes.setdefault((array.shape[1], array.shape[2]), self.columns[0])
            self._depths.setdefault(array.shape[3], self.columns[0])
        elif self._size is None or self._channels is None:
            files, _ = files_of(column)
            for file, found in zip(files, looks(files), strict=True):
                if isinstance(found, Problem):
                    self._faults.append(found)
                else:
                    self._sizes.setdefault(found.size, file[0])
                    self._depths.setdefault(found.channels, file[0])

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: The images are not alike, and no size or channels are given; or there is none.
        """
        unknown = self._size is None or self._channels is None
        if not self._rows or (unknown and not self._sizes):
            raise DataError(self._faults[:LISTED]) if self._faults else no_values(self.columns, "images")
        problems = []
        if self._size is None and len(self._sizes) > 1:
            seen = ", ".join(f"{h} x {w} ({name!r})" for (h, w), name in list(self._sizes.items())[:LISTED])
            message = f"the images have {len(self._sizes)} different sizes (height x width): {seen}"
            hint = "`size: [64, 64]` brings all to one, as `resize` says"
            problems.append(Problem(message, hint=hint, rule="mixed-images"))
        if self._channels is None and len(self._depths) > 1:
            names = {1: "gray", 3: "rgb", 4: "rgba"}
            seen = ", ".join(f"{names[depth]} ({name!r})" for depth, name in self._depths.items())
            hint = "`channels: rgb` makes all of three; `gray` of one, `rgba` of four"
            problems.append(Problem(f"the images have different channels: {seen}", hint=hint, rule="mixed-images"))
        if problems:
            raise DataError(problems)
        self._size = self._size or next(iter(self._sizes))
        self._channels = self._channels or next(iter(self._depths))

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Decode rows to `(rows, height, width, channels)` uint8.

        Raises:
            DataError: Empty cells, files that are not there, are no images or damaged: all of these rows, each by name.
        """
        (column,) = values
        target: Pixels = np.empty((len(column), *self.shape), np.uint8) if out is None else np.asarray(out)
        if isinstance(column, np.ndarray) and column.ndim > 1:
            self._encode_array(column, target)
            return target
        self._load(present_files(self.columns[0], column, start=start), target)
        return target

    @property
    def can_wait(self) -> bool:
        """Files can; an array has been read already."""
        return not self._is_array

    def keys(self, values: Sequence[Column], *, start: int = 0) -> NDArray[np.int64]:
        """A number for each row that `make` decodes it by.

        Raises:
            DataError: Empty cells, files that are not there or do not begin as images do.
        """
        files = present_files(self.columns[0], values[0], start=start)
        refuse([found for found in looks(files) if isinstance(found, Problem)], "images")
        return self._files.number(files)

    def make(self, keys: NDArray[np.int64]) -> Encoded:
        """Decode rows by the numbers that `keys` gave.

        Raises:
            DataError: See `encode`.
        """
        target: Pixels = np.empty((len(keys), *self.shape), np.uint8)
        self._load(self._files.of(keys), target)
        return target

    def unusable(self, values: Sequence[Column]) -> tuple[NDArray[np.bool_], list[Problem]]:
        """The rows `(rows,)` that are to be left out because their image cannot be decoded, and why; see `on_error`."""
        (column,) = values
        if self._on_error == "fail" or (isinstance(column, np.ndarray) and column.ndim > 1):
            return np.zeros(len(column), np.bool_), []
        files, _ = files_of(column)
        bad, problems = np.zeros(len(files), np.bool_), []
        block = np.empty((1, 1, 1, 3), np.uint8)
        for start in range(0, len(files), 1024):
            part = files[start : start + 1024]
            bad[start : start + 1024], found = load(
                part, np.broadcast_to(block, (len(part), 1, 1, 3)).copy(), channels=3, resize="stretch"
            )
            problems += found
        return bad, problems

    def names(self) -> tuple[str, ...]:
        """What the axes are: a name for each of thousands of pixels would help nobody."""
        return (f"{self.columns[0]}[height,width,channel]",)

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "type": self.type,
            "columns": list(self.columns),
            "size": None if self._size is None else list(self._size),
            "channels": self._channels,
            "resize": self._resize,
            "resizes": self._resizes,
            "data_format": self._format,
            "scale": self._scale,
            "augment": self._augment,
            "on_error": self._on_error,
            "seed": self._seed,
            "array": self._is_array,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        given = ("size", "channels", "resize", "data_format", "scale", "augment", "on_error", "seed")
        codec = cls(state["columns"], **{key: state[key] for key in given})
        codec._resizes = state["resizes"]
        codec._is_array = state["array"]
        return codec

    def _seed_of(self, place: int) -> int:
        """A seed for each layer, which no other feature's or layer's draws depend on."""
        return zlib.crc32(f"{self._seed}/{self.columns[0]}/{place}".encode()) >> 1

    def _load(self, files: Sequence[File], target: Pixels) -> None:
        _, problems = load(files, target, channels=self.shape[2], resize=self._resize if self._resizes else None)
        refuse(problems, "images")

    def _encode_array(self, column: NDArray[Any], target: Pixels) -> None:
        array = self._as_images(column)
        if array.shape[1:] == self.shape:
            target[...] = array
            return
        if array.shape[1:3] != self.shape[:2] and not self._resizes:
            message = f"an image of {self.columns[0]!r} is {array.shape[1]} x {array.shape[2]}, and those before "
            message += f"{self.shape[0]} x {self.shape[1]}"
            raise DataError(
                Problem(message, hint="`size: [height, width]` brings all to one size", rule="mixed-images")
            )
        height, width, channels = self.shape
        for place, image in enumerate(array):
            target[place] = from_pixels(image, size=(height, width), channels=channels, resize=self._resize)

    def _as_images(self, column: NDArray[Any]) -> Pixels:
        """An array as `(rows, height, width, channels)`.

        Raises:
            DataError: It is of other numbers, or of another shape.
        """
        array = column[..., np.newaxis] if column.ndim == 3 else column
        if array.ndim == 4 and column.ndim == 4 and self._format == "channels_first":
            array = array.transpose(0, 2, 3, 1)
        if array.dtype == np.uint8 and array.ndim == 4 and array.shape[3] in (1, 3, 4) and math.prod(array.shape[1:]):
            return array
        message = f"array {self.columns[0]!r} is {column.dtype} of shape {list(column.shape[1:])} a sample"
        wanted = "uint8 of (height, width) or (height, width, channels), with 1, 3 or 4 channels"
        hint = f"images are {wanted}; other arrays are `type: number`"
        if column.ndim == 4 and column.shape[1] in (1, 3, 4) and self._format == "channels_last":
            hint = "`data_format: channels_first` says that the channels come first"
        raise DataError(Problem(message, hint=hint, rule="array-shape"))


def _seeded(component: Component, place: tuple[str | int, ...], seed: int) -> EntranceLayer:
    """A layer of the config with a seed, where it draws and has none."""
    entry = catalogue.load().get("layers", component.name)
    draws = entry is not None and "seed" in entry.arguments
    given = component.arguments.get("seed") is not None
    arguments = {**component.arguments, "seed": seed} if draws and not given else dict(component.arguments)
    return EntranceLayer(component.name, arguments, place)


def build(feature: ImageFeature, columns: Sequence[str], *, seed: int) -> ImageCodec:
    """The codec that a config asks for."""
    return ImageCodec(
        columns,
        size=feature.size,
        channels=feature.channels,
        resize=feature.resize,
        data_format=feature.data_format,
        scale=feature.scale if isinstance(feature.scale, str) else feature.scale.divide,
        augment=feature.augment,
        on_error=feature.on_error,
        seed=seed,
    )


CODEC: type[Codec] = ImageCodec
