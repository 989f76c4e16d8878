"""Inputs to predict: encoded by the codecs of their features, so that the target is what the model sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.signature import NO_CLASS, TargetSpec
from dlcli.data.baselines.baseline import Baseline, Constant, Guess
from dlcli.data.columns.arrays import numbers_array, texts_array, with_nulls
from dlcli.data.columns.codec import (
    Codec,
    Column,
    Encoded,
    KnowsMean,
    NamesIndices,
    OpensFiles,
    ScaledInside,
    ScalesNumbers,
)
from dlcli.data.columns.globs import expand_columns
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.errors import ConfigError, DataError, Problem

if TYPE_CHECKING:
    from dlcli.codecs.input.schema import InputTarget

__all__ = ["CODEC", "InputTargetCodec", "build_of"]


class InputTargetCodec:
    """Features as a target: numbers as they are scaled, or the indices of words or categories.

    Args:
        name: The target's name.
        features: The codecs of the features; several are vectors, side by side. They are fitted by whoever has them,
            and copied then, so that what they count is counted once.
        shift: How many steps further on what is learnt at a step stands.
    """

    type: ClassVar[str] = "input"

    def __init__(self, name: str, features: Mapping[str, Codec], *, shift: int = 0) -> None:
        self.name = name
        self._features = dict(features)
        self._shift = shift

    @property
    def reads(self) -> Literal["number", "text"]:
        """As its first feature."""
        return next(iter(self._features.values())).reads

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of its features."""
        return tuple(dict.fromkeys(column for codec in self._features.values() for column in codec.columns))

    @property
    def components(self) -> tuple[str, ...]:
        """A name for each number along the last axis. Known after `finish`."""
        if len(self._shape) == 1 and not self._is_index:
            return tuple(name for codec in self._features.values() for name in codec.names())
        return tuple(map(str, range(self._shape[-1] if self._shape else 1)))

    def fit(self, values: Sequence[Column]) -> None:
        """Nothing: the features are fitted."""

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: Features that cannot stand side by side, or have no steps to shift.
        """
        self._features = {name: type(codec).from_state(codec.state()) for name, codec in self._features.items()}
        problems = []
        if len(self._features) > 1 and any(len(each.shape) != 1 or _is_index(each) for each in self._features.values()):
            listed = ", ".join(f"{name} {list(codec.shape)}" for name, codec in self._features.items())
            message = f"only features that are vectors can be one target, and these are {listed}"
            problems.append(Problem(message, hint="make each a target with an output of its own", rule="array-shape"))
        elif self._shift and not (self._is_index and self._shape):
            message = "`shift` is for sequences of words or categories, and this feature is none"
            hint = "a target of its own can hold the numbers of the next step"
            problems.append(Problem(message, hint=hint, rule="no-steps"))
        elif self._shift and abs(self._shift) >= self._shape[0]:
            message = f"shift: {self._shift} leaves nothing of the {self._shape[0]} steps"
            problems.append(Problem(message, hint="use shift: 1 for the next step", rule="no-steps"))
        if problems:
            raise DataError(problems)

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, *spec.shape)`.

        Raises:
            DataError: See the codecs of the features.
        """
        given = dict(zip(self.columns, values, strict=True))
        parts = [
            codec.encode([given[column] for column in codec.columns], start=start) for codec in self._features.values()
        ]
        encoded: Encoded = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1, dtype=np.float32)
        if isinstance(self._first, ScaledInside):
            encoded = _as_seen(encoded, self._first)
        if self._is_index:
            encoded = self._shifted(encoded)
        if out is None:
            return encoded
        out[...] = encoded
        return out

    def decode(self, encoded: NDArray[Any]) -> Column:
        """The numbers in their own unit; or the names of indices, one after the other."""
        if self._is_index:
            places = np.asarray(encoded, np.int64).reshape(-1)
            return self.values.take(with_nulls(numbers_array(places), places >= 0)) if self.values is not None else None
        offset, scale = np.array(self._unit, np.float64).T
        return np.asarray(encoded, np.float64) * scale + offset

    @property
    def values(self) -> pa.Array | None:
        """The names of indices; None for numbers."""
        return texts_array(self._names) if self._is_index else None

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""
        if self._is_index:
            gaps = bool(self._shift) or self._padding is not None
            return TargetSpec(
                self.name, "category", classes=self._names, axes=self._shape, gaps=gaps and bool(self._shape)
            )
        *axes, width = self._shape
        unit = self._unit if any(pair != (0.0, 1.0) for pair in self._unit) else ()
        pixels = isinstance(self._first, ScaledInside) and self._first.axes_order == tuple(range(len(self._shape)))
        return TargetSpec(self.name, "number", width=width, axes=tuple(axes), unit=unit, pixels=pixels)

    def baselines(self) -> Sequence[Baseline]:
        """The mean of the numbers, where all features know theirs."""
        means = [codec.mean for codec in self._features.values() if isinstance(codec, KnowsMean)]
        if self._is_index or len(means) < len(self._features):
            return ()
        guess = Guess(numbers=np.concatenate(means))
        return (Constant("mean", "always predicting the mean", ("rmse",), guess),)

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
            "shift": self._shift,
            "features": [{"name": name, **codec.state()} for name, codec in self._features.items()],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> InputTargetCodec:
        """The codec whose `state` this is."""
        from dlcli.data.preprocessing.building import codec_class

        features = {each["name"]: codec_class(each["type"]).from_state(each) for each in state["features"]}
        if not features:
            raise ValueError("it has no features")
        return _made(cls, state["name"], features, shift=state["shift"])

    @property
    def _first(self) -> Codec:
        return next(iter(self._features.values()))

    @property
    def _is_index(self) -> bool:
        return _is_index(self._first)

    @property
    def _names(self) -> tuple[str, ...]:
        codec = self._first
        return codec.index_names() if isinstance(codec, NamesIndices) else ()

    @property
    def _padding(self) -> int | None:
        codec = self._first
        return codec.padding if isinstance(codec, NamesIndices) else None

    @property
    def _shape(self) -> tuple[int, ...]:
        shapes = [codec.shape for codec in self._features.values()]
        if isinstance(self._first, ScaledInside):
            return tuple(shapes[0][axis] for axis in self._first.axes_order)
        return shapes[0] if len(shapes) == 1 else (sum(shape[0] for shape in shapes),)

    @property
    def _unit(self) -> tuple[tuple[float, float], ...]:
        """`(offset, scale)` of each number along the last axis."""
        if isinstance(self._first, ScaledInside):  # whose channels are scaled alike, wherever they stand
            return ((float(self._first.offset[0]), float(self._first.scale[0])),) * self._shape[-1]
        pairs: list[tuple[float, float]] = []
        for codec in self._features.values():
            if isinstance(codec, ScalesNumbers) and codec.linear:
                pairs += zip(codec.offset.tolist(), codec.scale.tolist(), strict=True)
            else:
                pairs += [(0.0, 1.0)] * codec.shape[-1]
        return tuple(pairs)

    def _shifted(self, indices: NDArray[Any]) -> NDArray[np.int32]:
        """Indices of the step that is meant; none where there is no such step, and for padding."""
        found = np.full(indices.shape, NO_CLASS, np.int32)
        steps = indices.shape[1] if indices.ndim > 1 else 0
        if self._shift > 0:
            found[:, : steps - self._shift] = indices[:, self._shift :]
        elif self._shift < 0:
            found[:, -self._shift :] = indices[:, : steps + self._shift]
        else:
            found[...] = indices
        return found if self._padding is None else np.where(found == self._padding, np.int32(NO_CLASS), found)


class _OfFiles(InputTargetCodec):
    """Of a feature whose cells may name files."""

    opens_files: Literal[True] = True


def _made(kind: type[InputTargetCodec], name: str, features: Mapping[str, Codec], *, shift: int) -> InputTargetCodec:
    opens = any(isinstance(codec, OpensFiles) for codec in features.values())
    return (_OfFiles if opens else kind)(name, features, shift=shift)


def _as_seen(pixels: Encoded, codec: ScaledInside) -> Encoded:
    """Bytes as the model makes numbers of them."""
    scaled = (pixels - codec.offset.astype(np.float32)) / codec.scale.astype(np.float32)
    return scaled.transpose(0, *(axis + 1 for axis in codec.axes_order)).astype(np.float32)


def _is_index(codec: Codec) -> bool:
    return codec.dtype == "int32"


def build_of(name: str, target: InputTarget, features: Mapping[str, Codec]) -> InputTargetCodec:
    """The codec that a config asks for.

    Args:
        name: The target's name.
        target: Its options.
        features: The codecs of all features.

    Raises:
        ConfigError: There is no such feature.
    """
    try:
        names = expand_columns(target.of_features, list(features))
    except ConfigError:
        missing = next((each for each in target.of_features if each not in features), target.of_features[0])
        message = f"the target is to be the feature {missing!r}, and there is none of that name"
        hint = f"the features are {', '.join(list(features)[:10])}"
        raise ConfigError(Problem(message, hint=hint, rule="missing-feature")) from None
    return _made(InputTargetCodec, name, {each: features[each] for each in names}, shift=target.shift)


CODEC: type[TargetCodec] = InputTargetCodec
