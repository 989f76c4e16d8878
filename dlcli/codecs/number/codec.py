"""Numbers as features: samples of one shape, or sequences that are padded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlcli.codecs.number.marked import MarkedNumberCodec
from dlcli.codecs.number.numbers import NumberCodec, check_shape
from dlcli.codecs.number.sequence import NumberSequenceCodec
from dlcli.data.columns.codec import Codec
from dlcli.data.values.padding import Padding
from dlcli.errors import ConfigError, Problem

if TYPE_CHECKING:
    from dlcli.codecs.number.schema import NumberFeature
    from dlcli.config.options.pad import Pad

__all__ = ["CODEC", "MarkedNumberCodec", "NumberCodec", "NumberSequenceCodec", "build", "check_shape"]

RAGGED = (
    "`pad: auto` fills shorter ones up to the longest, and `pad: 60` cuts longer ones too; layers pass over the rest"
)


class _AnyNumberCodec(NumberCodec):
    """Whichever of the three a state is of."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Any:
        """The codec whose `state` this is."""
        if "marked" in state:
            return MarkedNumberCodec.from_state(state)
        return (NumberSequenceCodec if "pad" in state else NumberCodec).from_state(state)


def build(
    feature: NumberFeature, columns: Sequence[str], *, seed: int
) -> NumberCodec | NumberSequenceCodec | MarkedNumberCodec:
    """The codec that a config asks for.

    Raises:
        ConfigError: The shape is not that of the columns, or contradicts the length; marks of what is no single number.
    """
    check_shape(feature.shape, columns)
    if feature.mark_missing is True:
        return MarkedNumberCodec(_numbers(feature, columns, seed))
    if feature.pad is None:
        return _numbers(feature, columns, seed)
    return _sequences(feature, feature.pad, columns, seed)


def _numbers(feature: NumberFeature, columns: Sequence[str], seed: int) -> NumberCodec:
    scale, missing = _scaling(feature)
    return NumberCodec(columns, shape=feature.shape, scale=scale, missing=missing, seed=seed, ragged=RAGGED)


def _sequences(feature: NumberFeature, pad: Pad, columns: Sequence[str], seed: int) -> NumberSequenceCodec:
    scale, missing = _scaling(feature)
    shape, length = feature.shape, pad.steps
    if shape is not None and length is not None and shape[0] != length:
        message = f"`shape` says {shape[0]} steps, and `pad` says {length}"
        hint = "leave one of them out: the first number of a shape is that of the steps"
        raise ConfigError(Problem(message, hint=hint, rule="conflicting-options"))
    inner = None if shape is None else tuple(shape[1:]) or (1,)
    if inner is None and len(columns) > 1:
        inner = (1,)
    return NumberSequenceCodec(
        columns,
        padding=Padding(length or (None if shape is None else shape[0]), pad.side, pad.cut),
        mask=pad.mask,
        inner=inner,
        steps=NumberCodec(
            columns[:1],
            shape=None if inner is None else (math.prod(inner),),
            scale=scale,
            missing=missing,
            seed=seed,
        ),
        empty=missing != "error",
    )


def _scaling(feature: NumberFeature) -> tuple[Any, Any]:
    """How numbers are scaled, and what an empty cell becomes."""
    scale = feature.scale if isinstance(feature.scale, str) else feature.scale.divide
    return scale, "mean" if feature.missing == "auto" else feature.missing


CODEC: type[Codec] = _AnyNumberCodec
