"""What every feature codec can do: the contract that the rest of `data` relies on.

A codec turns the cells of its columns into numbers. Its life has two parts:

1. `fit`, once for each chunk of *training* rows, in any chunking; then `finish`, once.
2. `encode`, as often as wanted, on rows of any split; `state` and `from_state` carry it to another process.

Faults of single cells (missing, unknown, not readable, infinite) are passed over by `fit` and reported by
`encode`, which knows the number of the row. Empty cells that it fills in although training rows had none are counted.
Codecs do not know the config: their problems have no path, the caller adds it. What not every codec can do is a
contract of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dlcli.errors import Problem

__all__ = ["Codec", "Column", "Encoded", "MeetsUnseenValues", "NamesIndices", "ScalesNumbers", "TakesGivenValues"]

Column: TypeAlias = pa.Array | NDArray[Any]
"""A column of a table (`pyarrow.Array`), or an array `(rows, *shape)` of an `.npz` file."""

Encoded: TypeAlias = NDArray[np.float32] | NDArray[np.int32]
"""What the model is fed: `(rows, *shape)`."""


class Codec(Protocol):
    """A feature's encoding, fitted on the training split."""

    type: ClassVar[str]
    """The feature type's name in the config."""

    reads: ClassVar[Literal["number", "text"]]
    """As what it wants the cells of new rows: as numbers, or as they are written."""

    gaps: int
    """How many empty cells `encode` has filled in, of columns that had none in training."""

    @property
    def stand_in(self) -> str:
        """What an empty cell becomes, in words: `the mean of the training rows`."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads, in the order in which `fit` and `encode` take them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one encoded sample; `()` for a single index. Known after `finish`."""

    @property
    def dtype(self) -> Literal["float32", "int32"]:
        """`int32` for indices into a vocabulary."""

    @property
    def vocabulary(self) -> int | None:
        """How many different indices there are; None for numbers."""

    @property
    def embedding(self) -> int | None:
        """Length of the vector to learn for each index; None when no embedding is asked for."""

    def fit(self, values: Sequence[Column]) -> None:
        """Take in one chunk of training rows, a value of `values` for each of `columns`."""

    def finish(self) -> None:
        """End fitting. Raises DataError when the training rows do not determine the encoding."""

    def encode(self, values: Sequence[Column], *, start: int = 0, out: Encoded | None = None) -> Encoded:
        """Encode rows.

        Args:
            values: A column for each of `columns`, all of the same number of rows.
            start: Row number, from 0, of the first row in its source: messages count rows from 1.
            out: Where to write, `(rows, *shape)` of `dtype`; a new array when None.

        Returns:
            `out`, or the new array.

        Raises:
            DataError: Cells cannot be encoded; all faults of these rows at once.
        """

    def names(self) -> tuple[str, ...]:
        """A name for each number of the encoded sample, flattened: `island=Biscoe`."""

    def state(self) -> dict[str, Any]:
        """The fitted encoding as JSON values."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The codec whose `state` this is; encodes the same, bit for bit."""


@runtime_checkable
class ScalesNumbers(Protocol):
    """A codec of numbers that can be brought back into their own unit: `encoded * scale + offset`."""

    @property
    def offset(self) -> NDArray[np.float64]:
        """For each number along the last axis."""

    @property
    def scale(self) -> NDArray[np.float64]:
        """For each number along the last axis."""


@runtime_checkable
class NamesIndices(Protocol):
    """A codec whose indices stand for words or categories."""

    padding: int | None
    """The index that stands for nothing: the end of a sequence that is shorter than others."""

    def index_names(self) -> tuple[str, ...]:
        """What each index stands for; what stands for nothing is named so that nobody takes it for a value."""


@runtime_checkable
class TakesGivenValues(Protocol):
    """A codec of a feature or target whose values the config may list."""

    def given_problems(self) -> list[Problem]:
        """Warnings where the values given are not those of the training rows; none where none are given."""


@runtime_checkable
class MeetsUnseenValues(Protocol):
    """A codec that encodes values which it has not learnt as one value, the unknown."""

    def unseen_problems(self, where: str) -> list[Problem]:
        """Warnings of the values that `encode` met so, `where` it did in words."""

    def forget_unseen(self) -> None:
        """Count them anew."""
