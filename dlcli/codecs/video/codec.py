"""Films: folders of frames or moving pictures that a column names, or an array of bytes; scaled by the model itself."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.video.films import Film
from dlcli.codecs.video.loading import Sample, Short, Wanted, load, looks, of_array
from dlcli.config.signature import EntranceLayer
from dlcli.data.columns.cell_faults import no_values
from dlcli.data.columns.codec import Codec, Column, Encoded
from dlcli.data.media.decoding import Pixels, Resize
from dlcli.data.media.files import LISTED, File, NumberedFiles, files_of, present_files, refuse
from dlcli.data.media.scaling import Scale, Scaling
from dlcli.errors import DataError, Problem

if TYPE_CHECKING:
    from dlcli.codecs.video.schema import VideoFeature

__all__ = ["CODEC", "PACKAGES", "VideoCodec", "build"]

PACKAGES = ("pillow",)
"""What decodes: another version may give other pixels."""

DataFormat: TypeAlias = Literal["channels_last", "channels_first", "frames_first"]

ORDERS: Mapping[DataFormat, tuple[int, int, int, int]] = {
    "channels_last": (0, 1, 2, 3),
    "channels_first": (3, 0, 1, 2),
    "frames_first": (0, 3, 1, 2),
}
"""The axes (frames, height, width, channels) as layers are given them."""

MOST_FILLED = 100
"""How many times as many frames as the longest film a sample may have: more is hardly meant, and fills any memory."""

_TOGETHER = 256
"""Films that are looked through together."""

NAMES = {1: "gray", 3: "rgb", 4: "rgba"}


class VideoCodec:
    """Decodes films to `(frames, height, width, channels)` uint8. What makes numbers of the bytes is in the model.

    Args:
        columns: The one column: of names of folders and files, or an array `(rows, frames, height, width)` or with
            channels.
        frames: How many; those of the films when None, which must then be alike.
        sample: Which ones of more.
        short: What becomes of fewer.
        size: Height and width; those of the frames when None, which must then be alike.
        channels: 1, 3 or 4; those of the frames when None.
        resize: How a frame comes to `size`.
        data_format: The order of the axes that layers are given, and that an array has.
        scale: What the model makes of 0..255.
        on_error: Whether rows are left out whose frames cannot be decoded.

    Example:
        >>> codec = VideoCodec(("x",))
        >>> codec.fit([np.zeros((2, 5, 8, 8), np.uint8)])
        >>> codec.finish()
        >>> codec.shape
        (5, 8, 8, 1)
    """

    type: ClassVar[str] = "video"
    dtype: Literal["uint8"] = "uint8"
    vocabulary: None = None
    embedding: None = None
    opens_files: Literal[True] = True
    stand_in: str = "nothing"

    def __init__(
        self,
        columns: Sequence[str],
        *,
        frames: int | None = None,
        sample: Sample = "even",
        short: Short = "repeat",
        size: Sequence[int] | None = None,
        channels: int | None = None,
        resize: Resize = "stretch",
        data_format: DataFormat = "channels_last",
        scale: Scale = "unit",
        on_error: Literal["fail", "skip"] = "fail",
    ) -> None:
        self.columns = tuple(columns)
        self.gaps = 0
        self._frames = frames
        self._sample: Sample = sample
        self._short: Short = short
        self._size = None if size is None else (size[0], size[1])
        self._channels = channels
        self._resize: Resize = resize
        self._resizes = size is not None
        self._format: DataFormat = data_format
        self._scale: Scale = scale
        self._on_error: Literal["fail", "skip"] = on_error
        self._is_array = False
        self._sizes: dict[tuple[int, int], str] = {}  # each with the first film that has it
        self._depths: dict[int, str] = {}
        self._counts: dict[int, str] = {}
        self._trained: Counter[int] = Counter()  # films by their number of frames
        self._new: Counter[int] = Counter()
        self._faults: list[Problem] = []
        self._files = NumberedFiles()
        self._rows = 0

    @property
    def reads(self) -> Literal["number", "text"]:
        """Names of folders and files, or an array."""
        return "number" if self._is_array else "text"

    @property
    def shape(self) -> tuple[int, ...]:
        """`(frames, height, width, channels)`, whatever the order that layers are given."""
        assert self._frames is not None
        assert self._size is not None
        assert self._channels is not None
        return (self._frames, *self._size, self._channels)

    @property
    def entrance(self) -> tuple[EntranceLayer, ...]:
        """To numbers, scaled, and the axes in the order that is asked for."""
        layers = [Scaling.of(self._scale).layer]
        if self._format != "channels_last":
            layers.append(EntranceLayer("Permute", {"dims": [axis + 1 for axis in self.axes_order]}))
        return tuple(layers)

    @property
    def offset(self) -> NDArray[np.float64]:
        """What is added to what the model makes of each channel, after `scale`, for the bytes again."""
        return Scaling.of(self._scale).back(self.shape[3])[1]

    @property
    def scale(self) -> NDArray[np.float64]:
        """What the model divides each channel by."""
        return Scaling.of(self._scale).back(self.shape[3])[0]

    @property
    def axes_order(self) -> tuple[int, ...]:
        """The axes of a sample in the order in which layers are given them."""
        return ORDERS[self._format]

    def fit(self, values: Sequence[Column]) -> None:
        """Look at how many frames training films have, and at the size and the channels of the first.

        Raises:
            DataError: An array that is none of films.
        """
        (column,) = values
        if isinstance(column, np.ndarray) and column.ndim > 1:
            self._is_array = True
            self._rows += len(column)
            films = self._as_films(column)
            frames, height, width, channels = films.shape[1:]
            self._see([(Film(frames, (height, width), channels), self.columns[0])] if len(films) else [])
            self._trained[frames] += max(0, len(films) - 1)
            return
        every, missing = files_of(column)
        files = [file for file, none in zip(every, missing.tolist(), strict=True) if not none]
        self._rows += len(files)
        found = list(zip(looks(files), files, strict=True))
        self._faults += [each for each, _ in found if isinstance(each, Problem)]
        self._see([(each, file[0]) for each, file in found if not isinstance(each, Problem)])

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: The films are not alike, and no frames, size or channels are given; or there is none.
        """
        unknown = None in (self._frames, self._size, self._channels)
        if not self._rows or (unknown and not self._sizes):
            raise DataError(self._faults[:LISTED]) if self._faults else no_values(self.columns, "films")
        problems = [*self._too_many_frames(), *self._mixed_frames(), *self._mixed_pictures()]
        if problems:
            raise DataError(problems)
        self._frames = self._frames or next(iter(self._counts))
        self._size = self._size or next(iter(self._sizes))
        self._channels = self._channels or next(iter(self._depths))

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Decode rows to `(rows, frames, height, width, channels)` uint8.

        Raises:
            DataError: Empty cells, folders and files that are not there, have no frames or damaged ones: all of these
                rows, each by name.
        """
        (column,) = values
        target: Pixels = np.empty((len(column), *self.shape), np.uint8) if out is None else np.asarray(out)
        if isinstance(column, np.ndarray) and column.ndim > 1:
            films = self._as_films(column)
            self._new[films.shape[1]] += len(films)
            of_array(films, target, self._wanted)
            return target
        files = present_files(self.columns[0], column, start=start)
        self._new.update(self._load(files, target))
        return target

    @property
    def can_wait(self) -> bool:
        """Files can; an array has been read already."""
        return not self._is_array

    def keys(self, values: Sequence[Column], *, start: int = 0) -> NDArray[np.int64]:
        """A number for each row that `make` decodes it by.

        Raises:
            DataError: Empty cells, folders and files that are not there or whose first frame is none.
        """
        files = present_files(self.columns[0], values[0], start=start)
        found = looks(files)
        refuse([each for each in found if isinstance(each, Problem)], "films")
        self._new.update(each.frames for each in found if not isinstance(each, Problem))
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
        """The rows `(rows,)` that are to be left out because their film cannot be decoded, and why; see `on_error`."""
        (column,) = values
        if self._on_error == "fail" or (isinstance(column, np.ndarray) and column.ndim > 1):
            return np.zeros(len(column), np.bool_), []
        files, _ = files_of(column)
        bad, problems = np.zeros(len(files), np.bool_), []
        for start in range(0, len(files), _TOGETHER):
            part = files[start : start + _TOGETHER]
            every = max((each.frames for each in looks(part) if isinstance(each, Film)), default=1)
            # All that will be taken, of the least size: whether one is damaged in the middle, only decoding tells.
            frames = self._frames or every
            short: Short = "repeat" if self._frames is None else self._short
            wanted = Wanted(frames, self._sample, short, "stretch")
            block: Pixels = np.empty((len(part), frames, 1, 1, 3), np.uint8)
            found = [each if isinstance(each, Problem) else None for each in load(part, block, wanted)]
            bad[start : start + _TOGETHER] = [each is not None for each in found]
            problems += [each for each in found if each is not None]
        return bad, problems

    def given_problems(self) -> list[Problem]:
        """A warning of training films that have fewer frames than are asked for."""
        return self._few(self._trained, "of the training rows ")

    def unseen_problems(self, where: str) -> list[Problem]:
        """The same of films that were encoded."""
        return self._few(self._new, where)

    def forget_unseen(self) -> None:
        """Count them anew."""
        self._new = Counter()

    def names(self) -> tuple[str, ...]:
        """What the axes are: a name for each of thousands of pixels would help nobody."""
        return (f"{self.columns[0]}[frame,height,width,channel]",)

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "type": self.type,
            "columns": list(self.columns),
            "frames": self._frames,
            "sample": self._sample,
            "short": self._short,
            "size": None if self._size is None else list(self._size),
            "channels": self._channels,
            "resize": self._resize,
            "resizes": self._resizes,
            "data_format": self._format,
            "scale": self._scale,
            "on_error": self._on_error,
            "array": self._is_array,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        given = ("frames", "sample", "short", "size", "channels", "resize", "data_format", "scale", "on_error")
        codec = cls(state["columns"], **{key: state[key] for key in given})
        codec._resizes = state["resizes"]
        codec._is_array = state["array"]
        return codec

    @property
    def _wanted(self) -> Wanted:
        assert self._frames is not None
        return Wanted(self._frames, self._sample, self._short, self._resize if self._resizes else None)

    def _see(self, films: Sequence[tuple[Film, str]]) -> None:
        for film, name in films:
            self._sizes.setdefault(film.size, name)
            self._depths.setdefault(film.channels, name)
            self._counts.setdefault(film.frames, name)
            self._trained[film.frames] += 1

    def _load(self, files: Sequence[File], target: Pixels) -> list[int]:
        """How many frames each film has."""
        found = load(files, target, self._wanted)
        refuse([each for each in found if isinstance(each, Problem)], "films")
        return [each for each in found if not isinstance(each, Problem)]

    def _too_many_frames(self) -> list[Problem]:
        most = max(self._trained, default=0)
        if self._frames is None or not 0 < MOST_FILLED * most < self._frames:
            return []
        message = f"`frames` is {self._frames:,}, and no film has more than {most:,}"
        return [Problem(message, hint=f"`frames: {most}` takes all that there are", rule="few-frames")]

    def _mixed_frames(self) -> list[Problem]:
        if self._frames is not None or len(self._counts) < 2:
            return []
        seen = ", ".join(f"{count:,} ({name!r})" for count, name in sorted(self._counts.items())[:LISTED])
        message = f"the films have {len(self._counts):,} different numbers of frames: {seen}"
        hint = f"`frames: {max(self._counts)}`, or fewer, takes as many of each, as `sample` and `short` say"
        return [Problem(message, hint=hint, rule="mixed-films")]

    def _mixed_pictures(self) -> list[Problem]:
        problems = []
        if self._size is None and len(self._sizes) > 1:
            seen = ", ".join(f"{h} x {w} ({name!r})" for (h, w), name in list(self._sizes.items())[:LISTED])
            message = f"the films have {len(self._sizes)} different sizes (height x width): {seen}"
            hint = "`size: [64, 64]` brings all to one, as `resize` says"
            problems.append(Problem(message, hint=hint, rule="mixed-images"))
        if self._channels is None and len(self._depths) > 1:
            seen = ", ".join(f"{NAMES[depth]} ({name!r})" for depth, name in self._depths.items())
            hint = "`channels: rgb` makes all of three; `gray` of one, `rgba` of four"
            problems.append(Problem(f"the films have different channels: {seen}", hint=hint, rule="mixed-images"))
        return problems

    def _few(self, counts: Counter[int], where: str) -> list[Problem]:
        assert self._frames is not None
        few = {frames: films for frames, films in counts.items() if frames < self._frames}
        if not few:
            return []
        done = "black frames follow" if self._short == "black" else "their last one is repeated"
        message = f"{sum(few.values()):,} of {counts.total():,} films {where}have fewer than {self._frames:,} frames, "
        message += f"and {done} (the fewest: {min(few):,})"
        hint = "`frames` and `short` of the feature say how many a film has, and what follows fewer"
        return [Problem(message, hint=hint, rule="few-frames")]

    def _as_films(self, column: NDArray[Any]) -> Pixels:
        """An array as `(rows, frames, height, width, channels)`.

        Raises:
            DataError: It is of other numbers, or of another shape.
        """
        array = column[..., np.newaxis] if column.ndim == 4 else column
        if column.ndim == 5:
            array = array.transpose(0, *(self.axes_order.index(axis) + 1 for axis in range(4)))
        if array.dtype == np.uint8 and array.ndim == 5 and array.shape[4] in NAMES and math.prod(array.shape[1:]):
            return array
        message = f"array {self.columns[0]!r} is {column.dtype} of shape {list(column.shape[1:])} a sample"
        wanted = "uint8 of (frames, height, width) or (frames, height, width, channels), with 1, 3 or 4 channels"
        hint = f"films are {wanted}; other arrays are `type: number`"
        channels = {column.shape[1], column.shape[2]} & NAMES.keys() if column.ndim == 5 else set()
        if channels and column.dtype == np.uint8 and self._format == "channels_last":
            first = "channels_first" if column.shape[1] in NAMES else "frames_first"
            hint = f"`data_format: {first}` says that the channels come before height and width"
        raise DataError(Problem(message, hint=hint, rule="array-shape"))


def build(feature: VideoFeature, columns: Sequence[str], *, seed: int) -> VideoCodec:
    """The codec that a config asks for."""
    return VideoCodec(
        columns,
        frames=feature.frames,
        sample=feature.sample,
        short=feature.short,
        size=feature.size,
        channels=feature.channels,
        resize=feature.resize,
        data_format=feature.data_format,
        scale=feature.scale if isinstance(feature.scale, str) else feature.scale.divide,
        on_error=feature.on_error,
    )


CODEC: type[Codec] = VideoCodec
