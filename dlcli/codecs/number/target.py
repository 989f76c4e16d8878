"""Numbers to predict: scaled for training where that helps, and decoded in their own unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlcli.codecs.number.numbers import NumberCodec, check_shape
from dlcli.codecs.number.spread import Spread
from dlcli.config.signature import TargetSpec, middle
from dlcli.data.baselines.baseline import Baseline
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.target_codec import MISSING, TargetCodec, encode_target
from dlcli.errors import Problem

if TYPE_CHECKING:
    from dlcli.codecs.number.schema import NumberTarget

__all__ = ["CODEC", "NumberTargetCodec", "build"]

TargetScale: TypeAlias = Literal["auto", "standard", "min_max", "none"] | float


class NumberTargetCodec:
    """Numbers to predict, scaled for training if so wished.

    Args:
        name: The target's name.
        columns: The columns, or one array, which keeps its shape.
        shape: Shape of a sample; None for a vector of the columns, or the array's own shape.
        scale: `standard`, `min_max` or `none`, fitted on the training split, or a number to divide by; undone by
            `decode`. `auto` is `standard` for numbers that are not near unit scale.
        scalable: Whether the loss and the output allow `auto` to scale.
        quantiles: Those that are learnt of each number, ascending; none where one number is.
    """

    type: ClassVar[str] = "number"
    values: None = None

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        *,
        shape: Sequence[int] | None = None,
        scale: TargetScale = "none",
        scalable: bool = True,
        quantiles: Sequence[float] = (),
    ) -> None:
        self.name = name
        self.quantiles = tuple(quantiles)
        self.near_unit = True
        """Whether the training rows have about the size that a fresh network gives. Known after `finish`."""
        self.far = False
        """Whether a network would hardly come to learn them as they are. Known after `finish`."""
        self._scaling: TargetScale = scale
        self._asked = scale
        self._scalable = scalable
        self._spread = Spread(self.quantiles)
        self._codec = NumberCodec(columns, shape=shape, scale="none" if scale == "auto" else scale)

    @property
    def reads(self) -> Literal["number", "text"]:
        """As its numbers are."""
        return self._codec.reads

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns."""
        return self._codec.columns

    @property
    def components(self) -> tuple[str, ...]:
        """A name for each number along its last axis: its columns, or the place, from 0. Known after `finish`.

        Example:
            `("u", "v")`; `("0", "1", "2")` of an array `(rows, 3)`.
        """
        width = self._codec.shape[-1]
        return self.columns if len(self.columns) == width else tuple(map(str, range(width)))

    @property
    def scaling(self) -> TargetScale:
        """`standard`, `min_max`, `none`, or what is divided by; until `finish` it may be `auto`."""
        return self._scaling

    @property
    def linear(self) -> bool:
        """`offset` and `scale` are all of the scaling."""
        return True

    @property
    def offset(self) -> NDArray[np.float64]:
        """What `decode` adds to each number, after `scale`: `(width,)`."""
        return self._codec.offset

    @property
    def scale(self) -> NDArray[np.float64]:
        """What `decode` multiplies each number by: `(width,)`."""
        return self._codec.scale

    def fit(self, values: Sequence[Column]) -> None:
        """Take in a chunk of training rows."""
        channels = self._codec.take_in(values)
        if len(self._codec.shape) <= 2:  # of the pixels of images a median would take longer than it is worth
            self._spread.update(channels)

    def finish(self) -> None:
        """End fitting.

        Raises:
            DataError: A column has no values.
        """
        self._codec.finish()
        self._spread.finish()
        standard = NumberCodec.from_state({**self._codec.state(), "scale": "standard"})
        self.near_unit, self.far = _near_unit(standard.offset, standard.scale), _far(standard.offset, standard.scale)
        if self._scaling == "auto":
            self._scaling = "standard" if self._scalable and not self.near_unit else "none"
            self._codec = standard if self._scaling == "standard" else self._codec

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows as `(rows, *axes, width)` float32.

        Raises:
            DataError: Missing values, or values that are no finite numbers.
        """
        return encode_target(self._codec, values, start=start, out=out, ways={"missing-value": MISSING})

    def decode(self, encoded: NDArray[Any]) -> Column:
        """Numbers `(rows, *axes, width)` float64 in their own unit."""
        return self._codec.decode(encoded)

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""
        pairs = tuple(zip(self.offset.tolist(), self.scale.tolist(), strict=True))
        unit = pairs if self._scaling != "none" else ()
        *axes, width = self._codec.shape
        return TargetSpec(self.name, "number", width=width, unit=unit, axes=tuple(axes), quantiles=self.quantiles)

    def baselines(self) -> Sequence[Baseline]:
        """The mean and the median of the training rows, and their quantiles where quantiles are learnt."""
        return self._spread.baselines(self._codec.mean)

    def decided(self) -> str:
        """That it is scaled, and how to undo it, when the config leaves that open; and what is predicted."""
        return "; ".join(part for part in (self._predicted(), self._scaled()) if part)

    def _predicted(self) -> str:
        """Which quantile is the prediction, where that is not the median."""
        if not self.quantiles or self.quantiles[middle(self.quantiles)] == 0.5:
            return ""
        return f"the prediction is the {self.quantiles[middle(self.quantiles)]!r} quantile, the nearest to the median"

    def _scaled(self) -> str:
        if self._asked != "auto" or self._scaling == "none":
            return ""
        if len(self.offset) == 1:
            numbers = f"mean {_shown(self.offset[0])}, deviation {_shown(self.scale[0])}"
        else:
            numbers = f"{len(self.offset)} numbers"
        return f"standardised for the loss ({numbers}); all else is in its own unit; `scale: none` learns it as it is"

    def left_alone(self, reason: str) -> list[Problem]:
        """A warning that it is not scaled and is far from what a network gives, when the config leaves that open."""
        if self._asked != "auto" or self._scaling != "none" or not self.far:
            return []
        numbers = self._codec.describe()
        message = f"the target '{self.name}' is {numbers}, far from what a network gives at first: {reason}"
        hint = f"{{{self.name}: {{type: number, scale: standard}}}} scales it all the same, scale: none is silent"
        return [Problem(message, hint=hint, rule="target-scale")]

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""
        own = {"quantiles": list(self.quantiles)} if self.quantiles else {}
        return {"name": self.name, **self._codec.state(), **own, **self._spread.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is."""
        quantiles = [float(level) for level in state.get("quantiles", ())]
        codec = cls(state["name"], state["columns"], shape=state["shape"], scale=state["scale"], quantiles=quantiles)
        codec._codec = NumberCodec.from_state(state)
        codec._spread = Spread.from_state(state, codec.quantiles, channels=len(codec.offset))
        if any(not 0 < level < 1 for level in quantiles) or sorted(set(quantiles)) != quantiles:
            raise ValueError(f"the quantiles of the target {codec.name!r} do not ascend between 0 and 1")
        if codec._codec.shape[-1:] != codec.offset.shape or codec.offset.shape != codec.scale.shape:
            raise ValueError(f"the target {codec.name!r} has shape {codec._codec.shape}, and is no array of numbers")
        return codec


def _near_unit(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> bool:
    near = (deviation >= 0.1) & (deviation <= 3) & (np.abs(mean) <= np.minimum(3, 3 * deviation))
    return bool(near.all())


def _far(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> bool:
    return bool(((np.maximum(np.abs(mean), deviation) > 30) | (deviation < 0.01)).any())


def _shown(number: float) -> str:
    """Four digits; the last bits, which depend on how the rows are cut, do not decide how they are rounded."""
    return f"{float(f'{number:.12g}'):.4g}"


def build(name: str, target: NumberTarget, columns: Sequence[str], *, texts: bool, scalable: bool) -> NumberTargetCodec:
    """The codec that a config asks for.

    Raises:
        ConfigError: The shape is not that of the columns.
    """
    check_shape(target.shape, columns)
    scale = target.scale if isinstance(target.scale, str) else target.scale.divide
    return NumberTargetCodec(
        name, columns, shape=target.shape, scale=scale, scalable=scalable, quantiles=target.learnt_quantiles
    )


CODEC: type[TargetCodec] = NumberTargetCodec
