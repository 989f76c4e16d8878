"""Images to predict, and masks: a class for each pixel, in files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.codecs.image.codec import ImageCodec
from dlcli.config.signature import NO_CLASS, TargetSpec
from dlcli.data.baselines.baseline import Baseline, shares_of_classes
from dlcli.data.columns.arrays import numbers_array, texts_array, with_nulls
from dlcli.data.columns.cell_faults import no_values
from dlcli.data.columns.cells import sort_labels
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.names import text_name
from dlcli.data.columns.target_codec import MISSING, TargetCodec, encode_target
from dlcli.data.media.decoding import NOTHING, Resize
from dlcli.data.media.files import File, files_of
from dlcli.data.media.loading import load_masks
from dlcli.errors import DataError, Problem, first_of

if TYPE_CHECKING:
    from dlcli.codecs.image.schema import ImageTarget

__all__ = ["CODEC", "ImageTargetCodec", "MaskCodec", "build"]

_UNKNOWN = -2


class ImageTargetCodec:
    """Images as numbers: the bytes, scaled.

    Args:
        name: The target's name.
        codec: What decodes them.
    """

    type: ClassVar[str] = "image"
    values: None = None
    opens_files: Literal[True] = True

    def __init__(self, name: str, codec: ImageCodec) -> None:
        self.name = name
        self._codec = codec

    @property
    def reads(self) -> Literal["number", "text"]:
        """Names of files, or an array."""
        return self._codec.reads

    @property
    def columns(self) -> tuple[str, ...]:
        """The one column."""
        return self._codec.columns

    @property
    def components(self) -> tuple[str, ...]:
        """The channels, from 0. Known after `finish`."""
        return tuple(map(str, range(self._codec.shape[-1])))

    def fit(self, values: Sequence[Column]) -> None:
        """See `ImageCodec.fit`."""
        self._codec.fit(values)

    def finish(self) -> None:
        """See `ImageCodec.finish`."""
        self._codec.finish()

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, height, width, channels)` float32.

        Raises:
            DataError: See `ImageCodec.encode`.
        """
        pixels = encode_target(self._codec, values, start=start, out=None, ways={"missing-value": MISSING})
        scaled = (pixels - self._codec.offset.astype(np.float32)) / self._codec.scale.astype(np.float32)
        if out is None:
            return scaled.astype(np.float32)
        out[...] = scaled
        return out

    def decode(self, encoded: NDArray[Any]) -> Column:
        """Numbers from 0 to 255."""
        return np.asarray(encoded, np.float64) * self._codec.scale + self._codec.offset

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""
        *axes, width = self._codec.shape
        unit = tuple(zip(self._codec.offset.tolist(), self._codec.scale.tolist(), strict=True))
        plain = all(pair == (0.0, 1.0) for pair in unit)
        return TargetSpec(self.name, "number", width=width, axes=tuple(axes), unit=() if plain else unit, pixels=True)

    def decided(self) -> str:
        """Nothing."""
        return ""

    def left_alone(self, reason: str) -> list[Problem]:
        """None."""
        return []

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {**self._codec.state(), "name": self.name}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ImageTargetCodec | MaskCodec:
        """The codec whose `state` this is."""
        if "classes" in state:
            return MaskCodec.from_state(state)
        return cls(state["name"], ImageCodec.from_state(state))


class MaskCodec:
    """Masks as indices of classes.

    Args:
        name: The target's name.
        columns: The one column, of names of files.
        size: Height and width; those of the masks when None, which must then be alike.
        resize: How they come to it; where nothing of a mask is, there is no class.
        classes: The numbers that are classes, in order; learnt from the training rows when None.
        ignore: Numbers that are no class.
    """

    type: ClassVar[str] = "image"
    reads: ClassVar[Literal["number", "text"]] = "text"
    opens_files: Literal[True] = True

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        *,
        size: Sequence[int] | None = None,
        resize: Resize = "stretch",
        classes: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.columns = tuple(columns)
        self._size = None if size is None else (size[0], size[1])
        self._resizes, self._resize = size is not None, resize
        self._ignored = tuple(map(text_name, ignore))
        self._seen: Counter[str] = Counter()
        self._given = None if classes is None else tuple(map(text_name, classes))
        self.classes: tuple[str, ...] = self._given or ()

    @property
    def components(self) -> tuple[str, ...]:
        """The one column."""
        return self.columns

    @property
    def values(self) -> pa.Array:
        """The classes: whole numbers."""
        if all(name.isdigit() for name in self.classes):
            return numbers_array(np.array(list(map(int, self.classes)), np.int64))
        return texts_array(self.classes)

    def fit(self, values: Sequence[Column]) -> None:
        """Count the numbers of training masks.

        Raises:
            DataError: Files that are no masks, or of other sizes.
        """
        for mask in self._load(values[0], start=0):
            numbers, counts = np.unique(mask[mask != NOTHING], return_counts=True)
            self._seen.update(dict(zip(map(str, numbers.tolist()), counts.tolist(), strict=True)))

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: There is no mask, or all pixels are of one class.
        """
        found = [name for name in self._seen if name not in self._ignored]
        if self._size is None or not found:
            raise no_values(self.columns, "masks")
        self.classes = self._given or tuple(sort_labels(found))
        if len(self.classes) < 2:
            message = f"the masks of {self.columns[0]!r} have only the number {found[0]} in the training split"
            raise DataError(Problem(message, hint="a mask has two classes or more", rule="one-class"))

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as class indices `(rows, height, width)` int32, -1 where there is none.

        Raises:
            DataError: Files that are no masks, of other sizes, or with numbers that are no class.
        """
        masks = self._load(values[0], start=start)
        assert self._size is not None
        indices: Encoded = np.empty((len(masks), *self._size), np.int32) if out is None else out
        places = {name: index for index, name in enumerate(self.classes)} | dict.fromkeys(
            (*self._ignored, str(NOTHING)), NO_CLASS
        )
        files, _ = files_of(values[0])
        problems = []
        for row, mask in enumerate(masks):
            numbers, inverse = np.unique(mask, return_inverse=True)
            table = np.array([places.get(str(number), _UNKNOWN) for number in numbers.tolist()], np.int32)
            if (table == _UNKNOWN).any():
                other = first_of(map(str, numbers[table == _UNKNOWN].tolist()), 5)
                message = f"'{files[row][0]}' has pixels of the number {other}, which is no class"
                hint = f"the classes are {first_of(self.classes, 10)}; `ignore` names numbers that are none"
                problems.append(Problem(f"{message} (row {start + row + 1})", hint=hint, rule="unknown-class"))
            indices[row] = table[inverse.reshape(mask.shape)]
        if problems:
            raise DataError(problems[:5])
        return indices

    def decode(self, encoded: NDArray[Any]) -> Column:
        """The classes of indices, one after the other; null for none."""
        places = np.asarray(encoded, np.int64).reshape(-1)
        return self.values.take(with_nulls(numbers_array(places), places >= 0))

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""
        assert self._size is not None
        gaps = self._resize in ("fit", "pad") or any(self._seen[name] for name in self._ignored)
        return TargetSpec(self.name, "category", classes=self.classes, axes=self._size, gaps=gaps)

    def baselines(self) -> Sequence[Baseline]:
        """The class of most pixels."""
        return shares_of_classes(self.classes, self._seen)

    def decided(self) -> str:
        """Nothing."""
        return ""

    def left_alone(self, reason: str) -> list[Problem]:
        """None."""
        return []

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        return {
            "name": self.name,
            "type": self.type,
            "columns": list(self.columns),
            "size": None if self._size is None else list(self._size),
            "resizes": self._resizes,
            "resize": self._resize,
            "classes": list(self.classes),
            "ignore": list(self._ignored),
            "seen": dict(self._seen),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        codec = cls(
            state["name"], state["columns"], size=state["size"], classes=state["classes"], ignore=state["ignore"]
        )
        codec._seen = Counter(state["seen"])
        codec._resizes, codec._resize = bool(state["resizes"]), state.get("resize", "stretch")
        return codec

    def _load(self, column: Column, *, start: int) -> list[NDArray[np.int32]]:
        """The numbers of the masks of rows, all of one size."""
        if isinstance(column, np.ndarray):
            message = f"{self.columns[0]!r} is an array, not a column of names of files"
            hint = "an array of classes is `type: category`, which keeps its shape"
            raise DataError(Problem(message, hint=hint, rule="array-shape"))
        files, missing = files_of(column)
        if missing.any():
            row = int(np.flatnonzero(missing)[0]) + start + 1
            message = f"column {self.columns[0]!r} names no mask in row {row}"
            raise DataError(Problem(message, hint=MISSING.hint, rule=MISSING.rule))
        masks: list[NDArray[np.int32]] = []
        problems = []
        for file, found in zip(files, self._masks_of(files), strict=True):
            if isinstance(found, Problem):
                problems.append(found)
                continue
            self._size = self._size or (found.shape[0], found.shape[1])
            if found.shape == self._size:
                masks.append(found)
                continue
            own, wanted = (f"{height} x {width}" for height, width in (found.shape, self._size))
            message = f"the mask '{file[0]}' is {own}, and those before it are {wanted}"
            problems.append(Problem(message, hint="`size: [height, width]` brings all to one", rule="mixed-images"))
        if problems:
            raise DataError(problems[:5])
        return masks

    def _masks_of(self, files: Sequence[File]) -> list[NDArray[np.int32] | Problem]:
        return load_masks(files, size=self._size if self._resizes else None, resize=self._resize)


def build(
    name: str, target: ImageTarget, columns: Sequence[str], *, texts: bool, scalable: bool
) -> ImageTargetCodec | MaskCodec:
    """The codec that a config asks for."""
    if target.classes is not None:
        classes = None if target.classes == "auto" else target.classes
        ignore = target.ignore or ()
        return MaskCodec(name, columns, size=target.size, resize=target.resize, classes=classes, ignore=ignore)
    scale = target.scale if isinstance(target.scale, str) else target.scale.divide
    codec = ImageCodec(columns, size=target.size, channels=target.channels, resize=target.resize, scale=scale)
    return ImageTargetCodec(name, codec)


CODEC: type[TargetCodec] = ImageTargetCodec
