"""What every target codec can do, and the faults of cells as faults of a target."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

import pyarrow as pa
from numpy.typing import NDArray

from dlcli.config.signature import TargetSpec
from dlcli.data.columns.codec import Codec, Column, Encoded
from dlcli.errors import DataError, Problem

__all__ = ["MISSING", "TargetCodec", "WayOut", "encode_target"]


class TargetCodec(Protocol):
    """A target's encoding, fitted on the training split. Its life is that of a feature's codec."""

    type: ClassVar[str]
    """The target type's name in the config."""

    @property
    def reads(self) -> Literal["number", "text"]:
        """As what it wants the cells of new rows: as numbers, or as they are written."""

    name: str
    """The target's name in the config."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""

    @property
    def components(self) -> tuple[str, ...]:
        """A name for each number that `decode` gives. Known after `finish`."""

    def fit(self, values: Sequence[Column]) -> None:
        """Take in one chunk of training rows."""

    def finish(self) -> None:
        """End fitting. Raises DataError when there is nothing to learn."""

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows: `(rows, *spec.shape)`, class indices int32, -1 for none, or numbers float32."""

    def decode(self, encoded: NDArray[Any]) -> Column:
        """What `encode` encoded: classes one after the other, or numbers `(rows, *spec.shape)` float64 in their own
        unit."""

    @property
    def values(self) -> pa.Array | None:
        """The classes as what they were in the data, in the order of their indices; None for numbers."""

    @property
    def spec(self) -> TargetSpec:
        """What a model must know of the target. Known after `finish`."""

    def decided(self) -> str:
        """What fitting has done that the config leaves open, in words; empty when nothing."""

    def left_alone(self, reason: str) -> list[Problem]:
        """Warnings of what fitting would have done, and has not, for a reason in words."""

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TargetCodec:
        """The codec whose `state` this is."""


@dataclasses.dataclass(frozen=True, slots=True)
class WayOut:
    """What a fault of a cell is called when the cell is a target's, and what to do about it."""

    rule: str
    hint: str


MISSING = WayOut(rule="missing-target", hint="a target must be known in every row: drop these rows, or fill them in")


def encode_target(
    codec: Codec,
    values: Sequence[Column],
    *,
    start: int,
    out: Encoded | None,
    ways: Mapping[str, WayOut],
) -> Encoded:
    """Encode as a feature's codec does; what its hints say is not the way out of a target's faults.

    Args:
        codec: The feature's codec.
        values: As for `Codec.encode`.
        start: As for `Codec.encode`.
        out: As for `Codec.encode`.
        ways: By the rule of a feature's fault.

    Raises:
        DataError: See `Codec.encode`.
    """
    try:
        return codec.encode(values, start=start, out=out)
    except DataError as error:
        problems = []
        for problem in error.problems:
            way = ways.get(problem.rule)
            problems.append(dataclasses.replace(problem, rule=way.rule, hint=way.hint) if way else problem)
        raise DataError(problems) from None
