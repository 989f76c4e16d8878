"""A target at several steps of a window: encoded step by step, learnt and read back together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.signature import TargetSpec
from dlcli.data.baselines.baseline import Baseline, baselines_of
from dlcli.data.columns.codec import Column, Encoded
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.series.form import WindowForm
from dlcli.errors import Problem

__all__ = ["TargetOfSteps", "of_windows"]


class TargetOfSteps:
    """A target's codec, for several steps of it.

    One number a step is a vector with a number for each step, `(windows, steps)`; several are `(windows, steps,
    width)`, and a class at each is `(windows, steps)`.

    Args:
        codec: That of one step.
        steps: How many there are.
        measured: They are measured by a level of each window, so that no one unit is theirs.
    """

    type: ClassVar[str] = "steps"

    def __init__(self, codec: TargetCodec, steps: int, *, measured: bool = False) -> None:
        self.codec = codec
        self.steps = steps
        self.measured = measured
        self.name = codec.name

    @property
    def is_vector(self) -> bool:
        """Whether there is one number a step."""
        spec = self.codec.spec
        return self.steps > 1 and spec.kind == "number" and spec.shape == (1,)

    @property
    def reads(self) -> Literal["number", "text"]:
        """As the codec of a step."""
        return self.codec.reads

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return self.codec.columns

    @property
    def components(self) -> tuple[str, ...]:
        """A name for each number along the last axis: the steps, from 1, of a vector of them."""
        return tuple(str(step) for step in range(1, self.steps + 1)) if self.is_vector else self.codec.components

    @property
    def values(self) -> pa.Array | None:
        """The classes as what they were in the data."""
        return self.codec.values

    def fit(self, values: Sequence[Column]) -> None:
        """Take in a chunk of training rows."""
        self.codec.fit(values)

    def finish(self) -> None:
        """End fitting."""
        self.codec.finish()

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows, a step each."""
        return self.codec.encode(values, start=start, out=out)

    def decode(self, encoded: NDArray[Any]) -> Column:
        """What windows learn, in the target's own unit; classes one after the other."""
        if not self.is_vector:
            return self.codec.decode(encoded)
        decoded = self.codec.decode(np.asarray(encoded)[..., np.newaxis])
        assert isinstance(decoded, np.ndarray)
        return decoded[..., 0]

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target."""
        spec = self.codec.spec
        if self.measured:
            spec = dataclasses.replace(spec, unit=(), measured=True)
        if self.is_vector:
            return dataclasses.replace(spec, width=self.steps, unit=spec.unit * self.steps)
        return spec if self.steps == 1 else dataclasses.replace(spec, axes=(self.steps, *spec.axes))

    def baselines(self) -> Sequence[Baseline]:
        """Those of a step, at each of them."""
        return baselines_of(self.codec)

    def decided(self) -> str:
        """What fitting has done that the config leaves open."""
        return self.codec.decided()

    def left_alone(self, reason: str) -> list[Problem]:
        """Warnings of what fitting would have done."""
        return self.codec.left_alone(reason)

    def state(self) -> dict[str, Any]:
        """That of the codec of a step."""
        return self.codec.state()

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TargetCodec:
        """Not to be called: the windows say how many steps there are."""
        raise KeyError("steps")


def of_windows(codec: TargetCodec, form: WindowForm, *, measured: bool = False) -> TargetCodec:
    """The codec of a target of windows.

    Args:
        codec: That of the target of a step.
        form: Which steps a window has.
        measured: See `TargetOfSteps`.
    """
    several = form.horizon > 1
    return TargetOfSteps(codec, max(form.horizon, 1), measured=measured) if several or measured else codec
